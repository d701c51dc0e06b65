import { create } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import type { DeadLetter, DeadLetters } from '../platform/cloud/events/dead-letters.ts';
import type { WaitingTask } from '../platform/cloud/tasks/task-queue.ts';
import { type Event, EventSchema } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { OperationsService } from '../platform/contracts/gen/types/kumiko/job/v1/admin_pb.js';
import { testClient } from '../platform/testing/test-client.ts';
import { operationsService } from './operations-service.ts';
import { fakeOwners, refusing } from './tests/fake-owners.ts';

const name = 'orders/o1/story';
const due = new Date('2026-01-02T12:00:00Z');
const described = {
  order: { name: 'orders/o1', group: 'groups/g1', carrier: '', trackingNumber: '' },
  payment: 'pi_1',
  trace: 'a'.repeat(32),
};
const nothing = {
  'customer.describeOrder': () => described,
  'partner.describeFulfilment': refusing(status.NOT_FOUND),
  'webhook.findProviderEvents': () => ({ events: [] }),
  'customer.findWaitingEvents': () => ({ events: [] }),
  'partner.findWaitingEvents': () => ({ events: [] }),
  'webhook.findWaitingEvents': () => ({ events: [] }),
  'job.findWaitingEvents': () => ({ events: [] }),
};

function letter(aggregate: string, payload: Event['payload'], messageId: string): DeadLetter {
  return { event: create(EventSchema, { id: messageId, aggregate, version: 1n, payload }), giveUpTime: due, messageId };
}

function start(
  answers: Parameters<typeof fakeOwners>[0] = {},
  {
    letters = [],
    find = async () => undefined,
  }: { letters?: readonly DeadLetter[]; find?: (id: string) => Promise<WaitingTask | undefined> } = {},
) {
  const { owners, calls } = fakeOwners({ ...nothing, ...answers });
  const deadLetters: DeadLetters = {
    list: async (topic) => (topic === 'order-events' ? letters : []),
    replay: async () => ({ replayed: 0, skipped: 0 }),
    close: async () => {},
  };
  const handlers = operationsService({ owners, deadLetters, tasks: { find: (method, id) => find(`${method.name} ${id}`) } });
  return { operator: testClient(OperationsService, handlers, { kind: 'operator', email: 'o@kumiko.example' }), calls };
}

test('backlogs are those of the services that answer, and the others are named', async () => {
  const tables = [{ table: 'outbox', rows: 3 }];
  const { operator } = start({
    'customer.getBacklog': () => ({ tables }),
    'job.getBacklog': () => ({ tables: [] }),
    'partner.getBacklog': refusing(status.UNAVAILABLE),
    'webhook.getBacklog': () => ({ tables }),
  });
  const { services, unreachable } = await operator.getBacklogs({});
  expect(services.map(({ service }) => service)).toEqual(['customer', 'job', 'webhook']);
  expect(services[0]).toMatchObject({ tables });
  expect(unreachable).toEqual(['partner']);
});

test('a story has what waits for the order, its group, its payment and its parcel', async () => {
  const event = { event: 'e1', kind: 'orderConfirmed', aggregate: 'orders/o1', version: 3n, trace: 'b'.repeat(32) };
  const { operator, calls } = start(
    {
      'partner.describeFulfilment': () => ({ carrier: 'hayabusa', trackingNumber: 'HY1' }),
      'webhook.findProviderEvents': () => ({ events: [{ name: 'providers/yamapay/events/e/1', kind: 'payment' }] }),
      'customer.findWaitingEvents': () => ({ events: [event] }),
    },
    {
      find: async (id) => (id === 'CapturePayment orders-o1' || id === 'ExpireGroup groups-g1' ? { dueTime: due, attempts: 2 } : undefined),
    },
  );
  const story = await operator.getOrderStory({ name });
  expect(calls.filter(({ method }) => method === 'webhook.findProviderEvents').map(({ request }) => request)).toEqual([
    { subjects: ['orders/o1', 'shipments/hayabusa/HY1'] },
  ]);
  expect(calls.find(({ method }) => method === 'partner.findWaitingEvents')?.request).toEqual({
    aggregates: ['orders/o1', 'groups/g1', 'shipments/hayabusa/HY1', 'payments/yamapay/pi_1'],
  });
  expect(story.tasks.map(({ queue, task, attempts }) => [queue, task, attempts])).toEqual([
    ['expire-group', 'groups-g1', 2],
    ['capture-payment', 'orders-o1', 2],
  ]);
  expect(timestampDate(story.tasks[0]!.dueTime!)).toEqual(due);
  expect(story.unpublishedEvents).toMatchObject([{ service: 'customer', event: { event: 'e1' } }]);
  expect(story.traces).toEqual(['a'.repeat(32), 'b'.repeat(32)]);
  expect(story.unreachable).toEqual([]);
});

test('a story has the dead letters that are about the order or name it, and no other', async () => {
  const reported = (order: string): Event['payload'] =>
    create(EventSchema, { payload: { case: 'paymentStatusReported', value: { order } } }).payload;
  const closed = create(EventSchema, { payload: { case: 'dealClosed', value: {} } }).payload;
  const { operator } = start(
    {},
    {
      letters: [
        letter('orders/o1', closed, 'about'),
        letter('payments/yamapay/pi_9', reported('orders/o1'), 'names'),
        letter('payments/yamapay/pi_8', reported('orders/o12'), 'another'),
        letter('deals/d', closed, 'a deal'),
        { event: undefined, giveUpTime: due, messageId: 'none' },
      ],
    },
  );
  const { deadLetters } = await operator.getOrderStory({ name });
  expect(deadLetters.map(({ event }) => event)).toEqual(['about', 'names']);
});

test('a story is told also where a part of it cannot be read, and says which', async () => {
  const { operator } = start(
    { 'partner.describeFulfilment': refusing(status.UNAVAILABLE), 'webhook.findWaitingEvents': refusing(status.DEADLINE_EXCEEDED) },
    {
      find: async () => {
        throw new Error('Cloud Tasks is away');
      },
    },
  );
  const story = await operator.getOrderStory({ name });
  expect(story.unreachable).toEqual(['outbox of webhook', 'partner', 'tasks']);
  expect(story.order?.order?.name).toBe('orders/o1');
});

test('there is no story without the order', async () => {
  const unknown = start({ 'customer.describeOrder': refusing(status.NOT_FOUND) });
  await expect(unknown.operator.getOrderStory({ name })).rejects.toMatchObject({ code: status.NOT_FOUND, message: 'orders/o1 not found' });
  const away = start({ 'customer.describeOrder': refusing(status.UNAVAILABLE) });
  await expect(away.operator.getOrderStory({ name })).rejects.toMatchObject({ code: status.UNAVAILABLE });
});
