import { status } from '@grpc/grpc-js';
import type { Histogram } from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../contracts/client.ts';
import { LibraryService } from '../../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import { type MetricRecorder, recordMetrics } from '../../testing/metric-recorder.ts';
import { startTestIssuer, type TestIssuer } from '../../testing/test-issuer.ts';
import { clientFor, customerIssuer, project, startTestService, type TestService, testEnv } from '../../testing/test-service.ts';

let recorder: MetricRecorder;
let issuer: TestIssuer;
let service: TestService;
let client: Client<typeof LibraryService>;

beforeAll(async () => {
  recorder = recordMetrics();
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

afterAll(async () => {
  client.close();
  await Promise.all([service.stop(), issuer.close(), recorder.close()]);
});

/** The calls that were measured, by their attributes. */
async function measured() {
  const duration = await recorder.told('rpc.server.call.duration');
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
