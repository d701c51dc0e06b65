import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import type { EnqueueResult, TaskQueue } from '../platform/cloud/tasks/task-queue.ts';
import { EventSchema } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { JobService } from '../platform/contracts/gen/types/kumiko/job/v1/job_pb.js';
import { activePreview } from '../platform/contracts/preview.ts';
import { serviceNames } from '../platform/contracts/services.ts';
import { testClient } from '../platform/testing/test-client.ts';
import type { InventorySync } from './inventory-sync.ts';
import { jobService } from './service.ts';
import { fakeOwners, refusing } from './tests/fake-owners.ts';

type Payload = NonNullable<MessageInitShape<typeof EventSchema>['payload']>;
const at = new Date('2026-01-02T12:00:00Z');

const sound = { id: 'e1', aggregate: 'deals/d', version: 1n, occurredAt: timestampFromDate(at) };
const dealClosed = { case: 'dealClosed', value: {} } as const;

function start(
  answers: Parameters<typeof fakeOwners>[0] = {},
  options: { enqueue?: () => EnqueueResult; headers?: Record<string, string> } = {},
) {
  const { owners, calls } = fakeOwners(answers);
  const tasks: { method: string; request: unknown; id: string; at: Date | undefined }[] = [];
  const taskHeaders: unknown[] = [];
  const queue: TaskQueue = {
    async enqueue(method, request, { id, at, headers }) {
      const result = options.enqueue?.() ?? 'created';
      tasks.push({ method: method.name, request, id, at });
      taskHeaders.push(headers);
      return result;
    },
    find: async () => undefined,
    async close() {},
  };
  const handlers = jobService({
    owners,
    tasks: queue,
    inventorySync: {} as InventorySync,
    runAlone: (_call, work) => work(),
  });
  const jobs = testClient(JobService, handlers, { kind: 'trigger', email: 'tasks@example' }, options.headers);
  return { jobs, calls, tasks, taskHeaders };
}

function pushed(payload: Payload, aggregate = 'orders/o1') {
  const event = create(EventSchema, { id: 'e1', aggregate, version: 1n, occurredAt: timestampFromDate(at), payload });
  return { message: { data: toBinary(EventSchema, event), messageId: 'm1' } };
}

describe('a pushed event', () => {
  test('reaches its owner whole', async () => {
    const { jobs, calls, tasks } = start();
    await jobs.handleEvent(pushed({ case: 'paymentStatusReported', value: { order: 'orders/o1' } }, 'payments/yamapay/pi'));
    expect(calls).toMatchObject([
      {
        method: 'customer.applyEvent',
        request: { event: { id: 'e1', aggregate: 'payments/yamapay/pi', payload: { value: { order: 'orders/o1' } } } },
      },
    ]);
    expect(tasks).toEqual([]);
  });

  test('becomes tasks, at their time, one for each resource', async () => {
    const { jobs, calls, tasks } = start();
    await jobs.handleEvent(pushed({ case: 'orderPlaced', value: { holdExpireTime: timestampFromDate(at) } }));
    await jobs.handleEvent(pushed({ case: 'groupCompleted', value: { orders: ['orders/o1', 'orders/o2'] } }, 'groups/g'));
    expect(tasks).toEqual([
      { method: 'ReleaseHold', request: { order: 'orders/o1' }, id: 'orders-o1', at },
      { method: 'CapturePayment', request: { order: 'orders/o1' }, id: 'orders-o1', at: undefined },
      { method: 'CapturePayment', request: { order: 'orders/o2' }, id: 'orders-o2', at: undefined },
    ]);
    expect(calls).toEqual([]);
  });

  test('of a preview stays there: with its owner, and in its tasks', async () => {
    const choices: unknown[] = [];
    const { jobs, taskHeaders } = start({ 'partner.applyEvent': () => choices.push(activePreview()) });
    const cancelled = pushed({ case: 'orderCancelled', value: {} });
    const attributes = { kumiko_preview: 'partner=pr-1' };
    await jobs.handleEvent({ message: { ...cancelled.message, attributes } });
    await jobs.handleEvent({ message: { ...cancelled.message, attributes: { kumiko_preview: 'no choice' } } });
    await jobs.handleEvent(cancelled);
    expect(choices).toEqual(['partner=pr-1', undefined, undefined]);
    const voided = pushed({ case: 'paymentVoidRequested', value: {} });
    await jobs.handleEvent({ message: { ...voided.message, attributes } });
    await jobs.handleEvent(voided);
    expect(taskHeaders).toEqual([{ 'x-kumiko-preview': 'partner=pr-1' }, {}]);
  });

  test.each(['exists', 'beyond-horizon'] as const)('is acknowledged where its task is: %s', async (result) => {
    const { jobs } = start({}, { enqueue: () => result });
    await jobs.handleEvent(pushed({ case: 'paymentVoidRequested', value: {} }));
  });

  test('is to be repeated where a task could not be made', async () => {
    const enqueue = () => {
      throw new Error('Cloud Tasks is down');
    };
    const { jobs } = start({}, { enqueue });
    await expect(jobs.handleEvent(pushed({ case: 'paymentVoidRequested', value: {} }))).rejects.toThrow('Cloud Tasks is down');
  });

  test('that its owner does not take in is to be repeated, whatever the answer', async () => {
    const event = pushed({ case: 'dealClosed', value: {} }, 'deals/d');
    for (const code of [
      status.NOT_FOUND,
      status.UNAVAILABLE,
      status.INTERNAL,
      status.INVALID_ARGUMENT,
      status.DEADLINE_EXCEEDED,
      status.PERMISSION_DENIED,
    ]) {
      const { jobs } = start({ 'customer.applyEvent': refusing(code, 'inside') });
      const error = await jobs.handleEvent(event).catch((thrown) => thrown);
      expect(error).toMatchObject({ code: status.UNAVAILABLE });
      expect(error.message).not.toContain('inside');
    }
  });

  test('of a kind that is not known yet is acknowledged', async () => {
    const { jobs, calls } = start();
    const event = create(EventSchema, { id: 'e1', aggregate: 'x/1', version: 1n, occurredAt: timestampFromDate(at) });
    // Field 99, a message without fields.
    await jobs.handleEvent({ message: { data: Buffer.concat([toBinary(EventSchema, event), Buffer.from('9a0600', 'hex')]) } });
    expect(calls).toEqual([]);
  });

  test.each([
    ['nothing', new Uint8Array()],
    ['bytes that are no message', Buffer.from([0xff, 0xff, 0xff])],
    ['a message of other fields', toBinary(EventSchema, create(EventSchema, { version: 7n }))],
    ['an event that says nothing', toBinary(EventSchema, create(EventSchema, sound))],
    ['an event without a version', toBinary(EventSchema, create(EventSchema, { ...sound, version: 0n, payload: dealClosed }))],
    ['an event without a time', toBinary(EventSchema, create(EventSchema, { ...sound, occurredAt: undefined, payload: dealClosed }))],
    [
      'a task of what is no order',
      toBinary(EventSchema, create(EventSchema, { ...sound, payload: { case: 'paymentVoidRequested', value: {} } })),
    ],
    [
      'a task of what is no order, after a sound one',
      toBinary(EventSchema, create(EventSchema, { ...sound, payload: { case: 'groupCompleted', value: { orders: ['orders/o1', 'o2'] } } })),
    ],
    ['JSON', Buffer.from('{"id":"e1","aggregate":"deals/d","version":"1"}')],
  ])('that is none is refused: %s', async (_, data) => {
    const { jobs, calls, tasks } = start();
    await expect(jobs.handleEvent({ message: { data } })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      fieldViolations: expect.arrayContaining([{ field: 'message.data', description: expect.any(String) }]),
    });
    expect([calls, tasks]).toEqual([[], []]);
  });
});

describe('a task', () => {
  test('calls the owner of its resource', async () => {
    const { jobs, calls } = start();
    await jobs.releaseHold({ order: 'orders/o1' });
    await jobs.expireGroup({ group: 'groups/g1' });
    await jobs.voidPayment({ order: 'orders/o1' });
    await jobs.refundPayment({ order: 'orders/o1' });
    expect(calls).toEqual([
      { method: 'customer.releaseHold', request: { order: 'orders/o1' } },
      { method: 'customer.expireGroup', request: { group: 'groups/g1' } },
      { method: 'customer.voidPayment', request: { order: 'orders/o1' } },
      { method: 'customer.refundPayment', request: { order: 'orders/o1' } },
    ]);
  });

  test.each([
    ['0', 1, false],
    ['3', 4, false],
    ['8', 9, false],
    ['9', 10, true],
    ['12', 13, true],
    ['', 1, false],
    ['many', 1, false],
    ['-2', 1, false],
    [undefined, 1, false],
  ])('tells a capture its attempt: %s retries', async (retries, attempt, lastAttempt) => {
    const { jobs, calls } = start({}, retries === undefined ? {} : { headers: { 'x-cloudtasks-taskretrycount': retries } });
    await jobs.capturePayment({ order: 'orders/o1' });
    expect(calls).toEqual([{ method: 'customer.capturePayment', request: { order: 'orders/o1', attempt, lastAttempt } }]);
  });

  test('of a resource that the owner does not know is given up; any other answer is to be repeated', async () => {
    await start({ 'customer.capturePayment': refusing(status.NOT_FOUND) }).jobs.capturePayment({ order: 'orders/none' });
    const { jobs } = start({ 'customer.capturePayment': refusing(status.UNAVAILABLE) });
    await expect(jobs.capturePayment({ order: 'orders/o1' })).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });
});

describe('a tick', () => {
  test('sweeps', async () => {
    const { jobs, calls } = start({ 'customer.sweepOverdue': () => ({ expiredGroups: 2, releasedHolds: 3, createdPaymentIntents: 1 }) });
    expect(await jobs.sweepOverdueGroups({})).toMatchObject({ expiredGroups: 2, releasedHolds: 3 });
    expect(calls).toEqual([{ method: 'customer.sweepOverdue', request: { limit: 500 } }]);
  });

  test('relays every outbox, also where one owner is down', async () => {
    const { jobs, calls } = start({
      'customer.relayOutbox': () => ({ published: 2, failed: 1 }),
      'partner.relayOutbox': refusing(status.UNAVAILABLE),
      'webhook.relayOutbox': () => ({ published: 3, failed: 0 }),
    });
    expect(await jobs.relayOutbox({})).toMatchObject({ published: 5, failed: 1 });
    expect(calls.map(({ method }) => method)).toEqual(serviceNames.map((name) => `${name}.relayOutbox`));
  });
});
