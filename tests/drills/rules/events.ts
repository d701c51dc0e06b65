import { createHash } from 'node:crypto';
import { receiverOf } from '../../../services/job/domain/event-reactions.ts';
import {
  type Event,
  ShipmentStatusReported_Status as ShipmentStatus,
} from '../../../services/platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import type { Rule } from './rule.ts';

type Kind = NonNullable<Event['payload']['case']>;

/** Events by id: publishing is at least once. */
function distinct(published: readonly Event[]): Event[] {
  return [...new Map(published.map((event) => [event.id, event])).values()];
}

/** A version of an aggregate belongs to one event, and what can happen once has happened once, or not at all where the order says so. */
export const eventsHappenOnce: Rule = ({ orders, groups, published }, _journal, report) => {
  const events = distinct(published);
  const versions = new Map<string, string>();
  for (const { aggregate, version, payload, id } of events) {
    // Fulfilments are counted by the partner service, on the order's name.
    const owner = payload.case === 'orderShipped' || payload.case === 'orderDelivered' ? 'partner' : '';
    const key = `${owner} ${aggregate} ${version}`;
    const other = versions.get(key);
    if (other !== undefined) report(aggregate, `version ${version} is both ${other} and ${id}`);
    versions.set(key, id);
  }
  const count = (aggregate: string, kind: Kind) =>
    events.filter((event) => event.aggregate === aggregate && event.payload.case === kind).length;
  for (const { name } of groups) {
    if (count(name, 'groupOpened') !== 1) report(name, `was opened ${count(name, 'groupOpened')} times`);
  }
  for (const { name, state } of orders) {
    const expected: readonly (readonly [Kind, (times: number) => boolean])[] = [
      ['orderPlaced', (times) => times === 1],
      ['orderCancelled', (times) => times === (state === 'CANCELLED' ? 1 : 0)],
      ['orderConfirmed', (times) => (['CONFIRMED', 'SHIPPED', 'DELIVERED'].includes(state) ? times === 1 : times <= 1)],
      ['paymentVoidRequested', (times) => times <= 1],
      ['paymentRefundRequested', (times) => times <= 1],
    ];
    for (const [kind, holds] of expected)
      if (!holds(count(name, kind))) report(name, `is ${state}, and ${kind} ${count(name, kind)} times`);
  }
};

/** What a provider sent is kept and told on, and what was told has been taken in by whom it concerns. */
export const eventsAreKept: Rule = ({ intents, providerEvents, published, inbox, deadLetters }, _journal, report) => {
  const changes = intents.reduce((sum, { sequence }) => sum + sequence - 1, 0);
  const received = providerEvents.filter(({ provider }) => provider === 'yamapay').length;
  if (received !== changes) report('providers/yamapay', `changed payments ${changes} times, ${received} of its webhooks were kept`);
  const events = distinct(published);
  const known = new Set(events.map(({ id }) => id));
  for (const { provider, id } of providerEvents) {
    const told = createHash('sha256').update(`${provider}/${id}`).digest('hex');
    if (!known.has(told)) report(`${provider}/${id}`, 'was kept and never published');
  }
  for (const event of events) {
    const receiver = concernsNobody(event) ? undefined : receiverOf(event);
    if (receiver !== undefined && !inbox[receiver].has(event.id)) {
      report(event.aggregate, `${event.payload.case} (version ${event.version}, ${event.id}) was not taken in by ${receiver}`);
    }
  }
  if (deadLetters > 0) report('dead letters', `${deadLetters} messages were given up`);
};

/** A parcel on its way changes nothing for anyone. */
function concernsNobody({ payload }: Event): boolean {
  return payload.case === 'shipmentStatusReported' && payload.value.status !== ShipmentStatus.DELIVERED;
}
