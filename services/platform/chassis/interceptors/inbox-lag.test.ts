import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { Histogram } from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { audienceOf, serviceAccountEmail } from '../../contracts/identities.ts';
import { instruments } from '../../contracts/instruments.ts';
import { DeskService } from '../../testing/fixture/gen/types/sample/desk/v1/desk_pb.js';
import { type MetricRecorder, recordMetrics } from '../../testing/metric-recorder.ts';
import { startTestIssuer, type TestIssuer } from '../../testing/test-issuer.ts';
import { clientFor, googleIssuer, project, startTestService, type TestService, testEnv } from '../../testing/test-service.ts';

let recorder: MetricRecorder;
let issuer: TestIssuer;
let service: TestService;

beforeAll(async () => {
  recorder = recordMetrics();
  issuer = await startTestIssuer();
  service = await startTestService({
    name: 'desk',
    env: testEnv(issuer.jwksUri),
    desk: {
      handleEvent: async ({ message }) => {
        if (message?.messageId === 'fails') throw new Error('not now');
        return {};
      },
      relayOutbox: async () => ({}),
    },
  });
});

afterAll(async () => {
  await Promise.all([service.stop(), issuer.close(), recorder.close()]);
});

const clientOf = async (trigger: 'pubsub' | 'scheduler') => {
  const claims = { iss: googleIssuer, aud: audienceOf('jobs', project), sub: '1', email_verified: true };
  return clientFor(
    DeskService,
    service.url,
    'jobs-gateway',
    await issuer.sign({ ...claims, email: serviceAccountEmail(trigger, project) }),
  );
};

test('an event that was handled tells how long ago it was published; one that failed, and what is no event, tell nothing', async () => {
  const [pubsub, scheduler] = [await clientOf('pubsub'), await clientOf('scheduler')];
  const publishTime = timestampFromMs(Date.now() - 90_000);
  await pubsub.handleEvent({ message: { messageId: 'a', publishTime } });
  await expect(pubsub.handleEvent({ message: { messageId: 'fails', publishTime } })).rejects.toThrow();
  // Pub/Sub's clock is ahead of this machine's.
  await pubsub.handleEvent({ message: { messageId: 'b', publishTime: timestampFromMs(Date.now() + 60_000) } });
  await pubsub.handleEvent({ message: { messageId: 'c' } });
  await scheduler.relayOutbox({});
  pubsub.close();
  scheduler.close();
  const [point, ...others] = (await recorder.told(instruments.inboxLag.name))?.dataPoints ?? [];
  expect(others).toEqual([]);
  expect(point?.attributes).toEqual({ 'rpc.method': 'sample.desk.v1.DeskService/HandleEvent' });
  const { count, min, sum = 0 } = point!.value as Histogram;
  expect({ count, min }).toEqual({ count: 2, min: 0 });
  expect(sum).toBeGreaterThanOrEqual(90);
  expect(sum).toBeLessThan(150);
});
