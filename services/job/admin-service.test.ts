import type { DescMessage } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import type { DeadLetter, DeadLetters } from '../platform/cloud/events/dead-letters.ts';
import type { DomainEvent } from '../platform/cloud/events/domain-event.ts';
import { EventSchema } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { JobAdminService } from '../platform/contracts/gen/types/kumiko/job/v1/admin_pb.js';
import { testClient } from '../platform/testing/test-client.ts';
import { jobAdminService } from './admin-service.ts';

/** What waits, in no order, as Pub/Sub gives it. */
const waiting: Readonly<Record<string, readonly DeadLetter[]>> = {
  'order-events': [
    letter('m3', 3, 'orders/b', 'orderConfirmed'),
    letter('m1', 1, 'orders/a', 'orderConfirmed'),
    letter('m2', 1, 'orders/a', 'orderCancelled'),
  ],
  'deal-events': [letter('m4', 2, 'deals/d', 'dealClosed'), { event: undefined, giveUpTime: minute(4), messageId: 'm5' }],
};

const deadLetters: DeadLetters = {
  list: async (topic) => waiting[topic] ?? [],
  replay: async () => ({ replayed: 0, skipped: 0 }),
  close: async () => {},
};

const operator = testClient(JobAdminService, jobAdminService({ deadLetters }), { kind: 'operator', email: 'operator@kumiko.example' });

function minute(at: number): Date {
  return new Date(Date.UTC(2026, 0, 1, 0, at));
}

function letter(messageId: string, at: number, aggregate: string, kind: string): DeadLetter {
  const payload = { case: kind, value: {} } as DomainEvent['payload'];
  const event = Object.assign(create(EventSchema as DescMessage, { id: `e-${messageId}`, aggregate, version: 1n }), { payload });
  return { event: event as unknown as DomainEvent, giveUpTime: minute(at), messageId };
}

const shown = async (request: Parameters<typeof operator.listDeadLetters>[0]) => {
  const { deadLetters: letters, nextPageToken } = await operator.listDeadLetters(request);
  return { letters: letters.map(({ topic, event, kind }) => [topic, event, kind].join(' ')), nextPageToken, raw: letters };
};

test('what waits is shown page by page, the oldest first, of all topics', async () => {
  const pages: string[] = [];
  let pageToken = '';
  do {
    const page = await shown({ pageSize: 2, pageToken });
    expect(page.letters.length).toBeLessThanOrEqual(2);
    pages.push(...page.letters);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  expect(pages).toEqual([
    'order-events e-m1 orderConfirmed',
    'order-events e-m2 orderCancelled',
    'deal-events e-m4 dealClosed',
    'order-events e-m3 orderConfirmed',
    'deal-events  ',
  ]);
});

test('a filter asks for some of it, in either order', async () => {
  expect((await shown({ filter: 'topic = "order-events" AND kind = orderConfirmed', orderBy: 'give_up_time desc' })).letters).toEqual([
    'order-events e-m3 orderConfirmed',
    'order-events e-m1 orderConfirmed',
  ]);
  expect((await shown({ filter: 'aggregate = "orders/a"' })).letters).toHaveLength(2);
  const { raw } = await shown({ filter: `give_up_time > ${minute(2).toISOString()}` });
  expect(raw.map(({ giveUpTime }) => timestampDate(giveUpTime!))).toEqual([minute(3), minute(4)]);
});

test('a filter that is none, and a token of another one, are refused', async () => {
  const { nextPageToken } = await shown({ pageSize: 1 });
  for (const request of [{ filter: 'version = 1' }, { filter: 'kind = dealClosed', pageToken: nextPageToken }, { orderBy: 'topic' }]) {
    await expect(operator.listDeadLetters(request)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  }
});
