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
import { LibraryService } from '../../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import { startTestIssuer, type TestIssuer } from '../../testing/test-issuer.ts';
import { clientFor, customerIssuer, project, startTestService, type TestService, testEnv } from '../../testing/test-service.ts';

const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
let issuer: TestIssuer;
let service: TestService;
let client: Client<typeof LibraryService>;

beforeAll(async () => {
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  issuer = await startTestIssuer();
  service = await startTestService({
    env: testEnv(issuer.jwksUri),
    library: {
      getBook: async ({ name }) => {
        if (name === 'books/lost') throw new Error('lost');
        return { name };
      },
    },
  });
  client = clientFor(LibraryService, service.url, 'edge-gateway', await issuer.sign({ iss: customerIssuer, aud: project, sub: 'alice' }));
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
  for (let calls = 0; calls < 3; calls += 1) await client.getBook({ name: 'books/a' }, unsampled);
  await expect(client.getBook({ name: 'books/lost' })).rejects.toMatchObject({ code: status.INTERNAL });
  await expect(client.getBook({ name: 'no book' })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  const method = { 'rpc.system.name': 'grpc', 'rpc.method': 'sample.library.v1.LibraryService/GetBook' };
  const all = await measured();
  expect(all?.map(({ attributes, count }) => ({ attributes, count }))).toEqual([
    { attributes: { ...method, 'rpc.response.status_code': 'OK' }, count: 3 },
    { attributes: { ...method, 'rpc.response.status_code': 'INTERNAL', 'error.type': 'INTERNAL' }, count: 1 },
    { attributes: { ...method, 'rpc.response.status_code': 'INVALID_ARGUMENT' }, count: 1 },
  ]);
  expect(all?.every(({ sum }) => sum > 0 && sum < 10)).toBe(true);
});
