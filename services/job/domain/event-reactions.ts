import type { DescMethodUnary, MessageInitShape } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import type { Event } from '../../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { JobService } from '../../platform/contracts/gen/types/kumiko/job/v1/job_pb.js';

/** Whoever takes in events. */
type Owner = 'customer' | 'partner';

/** A task that an event asks for. */
export interface TaskRequest<M extends DescMethodUnary = DescMethodUnary> {
  readonly method: M;
  readonly request: MessageInitShape<M['input']>;
  /** Dedupes the task's creation: one for each resource and queue. */
  readonly id: string;
  /** At once where it is undefined. */
  readonly at: Date | undefined;
}

type EventCase = NonNullable<Event['payload']['case']>;

/** Which owners take in each kind of event. What is missing concerns no other service. */
const receivers: Readonly<Partial<Record<EventCase, Owner>>> = {
  dealPublished: 'customer',
  dealClosed: 'customer',
  paymentStatusReported: 'customer',
  orderDelivered: 'customer',
  orderConfirmed: 'partner',
  orderCancelled: 'partner',
  shipmentStatusReported: 'partner',
};

/** Who has to take in the event. */
export function receiverOf(event: Event): Owner | undefined {
  return event.payload.case === undefined ? undefined : receivers[event.payload.case];
}

/** What has to be done after the event, now or at its time. */
export function tasksOf({ payload, aggregate }: Event): readonly TaskRequest[] {
  const { releaseHold, expireGroup, capturePayment, voidPayment, refundPayment } = JobService.method;
  switch (payload.case) {
    case 'groupOpened':
      return [task(expireGroup, { group: aggregate }, aggregate, payload.value.expireTime && timestampDate(payload.value.expireTime))];
    case 'groupCompleted':
      return payload.value.orders.map((order) => task(capturePayment, { order }, order));
    case 'orderPlaced': {
      const { holdExpireTime } = payload.value;
      return [task(releaseHold, { order: aggregate }, aggregate, holdExpireTime && timestampDate(holdExpireTime))];
    }
    case 'paymentVoidRequested':
      return [task(voidPayment, { order: aggregate }, aggregate)];
    case 'paymentRefundRequested':
      return [task(refundPayment, { order: aggregate }, aggregate)];
    default:
      return [];
  }
}

/** The tasks that may wait for an order and its group, whatever asked for them. Names such as "orders/x". */
export function tasksAbout(order: string, group: string): readonly TaskRequest[] {
  const { releaseHold, expireGroup, capturePayment, voidPayment, refundPayment } = JobService.method;
  return [
    task(releaseHold, { order }, order),
    task(expireGroup, { group }, group),
    task(capturePayment, { order }, order),
    task(voidPayment, { order }, order),
    task(refundPayment, { order }, order),
  ];
}

function task<M extends DescMethodUnary>(method: M, request: MessageInitShape<M['input']>, resource: string, at?: Date): TaskRequest {
  return { method, request: request as TaskRequest['request'], id: resource.replace('/', '-'), at };
}
