import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { EventSchema } from '../services/platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { usePlatform } from './test-platform.ts';

// One limit for each method, from the proto, in gateway and service alike.
const stage = usePlatform();
const mebibyte = 1_048_576;

describe('a push', () => {
  const push = async (data: Uint8Array) => {
    const { endpoints } = stage.platform;
    const message = { data: Buffer.from(data).toString('base64'), messageId: '1', message_id: '1', attributes: attributes() };
    return fetch(`${endpoints.jobs}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await devToken(endpoints, 'trigger', 'pubsub')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ message, subscription: 'projects/kumiko-local/subscriptions/job-deal-events' }),
    });
  };

  /** As many and as large as Pub/Sub lets them be: https://cloud.google.com/pubsub/quotas#resource_limits */
  const attributes = () =>
    Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`${index}`.padEnd(256, 'k'), 'v'.repeat(1024)] as const));

  /** What a newer publisher may send: a field that this version does not know makes it as large as it is to be. */
  const event = (bytes: number) => {
    const known = create(EventSchema, {
      id: 'a'.repeat(64),
      aggregate: 'deals/large',
      version: 1n,
      occurredAt: timestampFromDate(new Date()),
      payload: { case: 'dealClosed', value: {} },
    });
    const sized = (padding: number) => {
      const writer = new BinaryWriter().bytes(new Uint8Array(padding));
      return toBinary(EventSchema, { ...known, $unknown: [{ no: 1000, wireType: WireType.LengthDelimited, data: writer.finish() }] });
    };
    return sized(bytes - sized(bytes).length + bytes);
  };

  test('of the largest message that Pub/Sub has gets through to the handler', async () => {
    const largest = event(10_000_000);
    expect(largest.length).toBe(10_000_000);
    const answer = await push(largest);
    expect([answer.status, await answer.text()]).toEqual([200, '{}']);
  });

  test('of a larger one is refused by the gateway', async () => {
    expect((await push(new Uint8Array(12 * mebibyte))).status).toBe(413);
  });
});

describe('a call of an app', () => {
  test('by REST has a mebibyte', async () => {
    const { endpoints } = stage.platform;
    const send = async (bytes: number) =>
      fetch(`${endpoints.edge}/v1/groups`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await devToken(endpoints, 'customer', 'hana')}`, 'content-type': 'application/json' },
        body: JSON.stringify({ deal: 'x'.repeat(bytes - 11) }),
      });
    expect((await send(mebibyte)).status).toBe(400);
    expect((await send(mebibyte + 1)).status).toBe(413);
  });
});
