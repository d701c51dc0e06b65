import { status } from '@grpc/grpc-js';
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Client } from '../../contracts/client.ts';
import { CustomerService } from '../../contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { startTestIssuer, type TestIssuer } from '../../testing/test-issuer.ts';
import { clientFor, customerIssuer, project, startTestService, type TestService, testEnv } from '../../testing/test-service.ts';

const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
let issuer: TestIssuer;
let service: TestService;
let client: Client<typeof CustomerService>;

beforeAll(async () => {
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  issuer = await startTestIssuer();
  service = await startTestService({
    env: testEnv(issuer.jwksUri),
    customer: {
      getDeal: async ({ name }) => {
        if (name === 'deals/lost') throw new Error('lost');
        return { name };
      },
    },
  });
  client = clientFor(CustomerService, service.url, 'edge-gateway', await issuer.sign({ iss: customerIssuer, aud: project, sub: 'alice' }));
});

beforeEach(() => exporter.reset());

afterAll(async () => {
  client.close();
  await Promise.all([service.stop(), issuer.close(), reader.shutdown()]);
  metrics.disable();
});

/** The calls that were measured, by their attributes. */
async function measured() {
  await reader.forceFlush();
  const [sent] = exporter.getMetrics();
  const duration = sent?.scopeMetrics
    .flatMap((scope) => scope.metrics)
    .find(({ descriptor }) => descriptor.name === 'rpc.server.call.duration');
  expect(duration?.descriptor.unit).toBe('s');
  return duration?.dataPoints.map(({ attributes, value }) => ({
    attributes,
    count: (value as Histogram).count,
    sum: (value as Histogram).sum!,
  }));
}

test('every call is measured by its method and how it ended, with no more about it', async () => {
  const unsampled = { headers: { traceparent: `00-${'a'.repeat(32)}-b7ad6b7169203331-00` } };
  for (let calls = 0; calls < 3; calls += 1) await client.getDeal({ name: 'deals/a' }, unsampled);
  await expect(client.getDeal({ name: 'deals/lost' })).rejects.toMatchObject({ code: status.INTERNAL });
  await expect(client.getDeal({ name: 'no deal' })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  const method = { 'rpc.system.name': 'grpc', 'rpc.method': 'kumiko.customer.v1.CustomerService/GetDeal' };
  const all = await measured();
  expect(all?.map(({ attributes, count }) => ({ attributes, count }))).toEqual([
    { attributes: { ...method, 'rpc.response.status_code': 'OK' }, count: 3 },
    { attributes: { ...method, 'rpc.response.status_code': 'INTERNAL', 'error.type': 'INTERNAL' }, count: 1 },
    { attributes: { ...method, 'rpc.response.status_code': 'INVALID_ARGUMENT' }, count: 1 },
  ]);
  expect(all?.every(({ sum }) => sum > 0 && sum < 10)).toBe(true);
});
