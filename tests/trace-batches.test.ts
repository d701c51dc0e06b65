import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Span } from '../deploy/local/cloud/traces/span.ts';
import { CustomerApp, type PlacementJson } from '../deploy/local/demo/customer-app.ts';
import { callJson } from '../deploy/local/demo/http-json.ts';
import { eventually } from '../deploy/local/demo/narrator.ts';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { usePlatform } from './test-platform.ts';

const stage = usePlatform({ traces: true });
const orderingKey = 'messaging.gcp_pubsub.message.ordering_key';

/** What has to follow in the trace of each order that is placed and paid. */
const life: readonly (readonly [service: string, name: string])[] = [
  ['customer', 'send order-events'],
  ['job', 'process orderPlaced'],
  ['webhook', 'send payment-events'],
  ['job', 'process paymentStatusReported'],
  ['customer', 'kumiko.customer.v1.CustomerInternalService/ApplyEvent'],
];

interface Placed {
  readonly trace: string;
  readonly own: readonly string[];
}

/** A customer opens a group by a request of a trace of its own, and pays. */
async function place(index: number): Promise<Placed> {
  const { endpoints } = stage.platform;
  const trace = (index + 1).toString(16).padStart(32, 'f');
  const app = await CustomerApp.signIn(`batch-${index}`, endpoints);
  await app.setAddress('1-2 Shiokoji-cho');
  const [deal] = await app.deals();
  const response = await fetch(`${endpoints.edge}/v1/groups`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await devToken(endpoints, 'customer', app.name)}`,
      'content-type': 'application/json',
      traceparent: `00-${trace}-b7ad6b7169203331-01`,
    },
    body: JSON.stringify({ deal: deal!.name, requestId: randomUUID() }),
  });
  const { group, order, payment } = (await response.json()) as PlacementJson;
  await app.pay(payment);
  await eventually(
    () => app.order(order.name),
    ({ state }) => state === 'STATE_AUTHORIZED',
  );
  return { trace, own: [group.name, order.name, `payments/${payment.provider}/${payment.id}`] };
}

async function spansOf(trace: string): Promise<readonly Span[]> {
  return (await callJson<{ spans: Span[] }>('GET', `${stage.platform.endpoints.traces}/traces/${trace}`)).spans;
}

it('orders that are placed at the same time each have a trace, with all that follows from them and nothing else', {
  timeout: 240_000,
}, async () => {
  const placed = await Promise.all(Array.from({ length: 12 }, (_, index) => place(index)));
  for (const { trace, own } of placed) {
    const missing = (spans: readonly Span[]) =>
      life.filter(([service, name]) => !spans.some((span) => span.service === service && span.name === name));
    const unknownParents = (spans: readonly Span[]) => {
      const ids = new Set(spans.map(({ id }) => id));
      return [...new Set(spans.map(({ parent }) => parent))].filter((parent) => parent === undefined || !ids.has(parent));
    };
    const spans = await eventually(
      () => spansOf(trace),
      (seen) => missing(seen).length === 0 && unknownParents(seen).length === 1,
    ).catch(() => spansOf(trace));
    expect(missing(spans)).toEqual([]);
    // Only the app's own span is not known here.
    expect(unknownParents(spans)).toEqual(['b7ad6b7169203331']);
    const keys = new Set(spans.flatMap(({ attributes }) => attributes[orderingKey] ?? []));
    expect([...keys].toSorted()).toEqual(own.toSorted());
    // The calls that take the events in are within the processing of them.
    const processing = new Set(spans.filter(({ name }) => name.startsWith('process ')).map(({ id }) => id));
    const calls = spans.filter(({ service, kind, name }) => service === 'job' && kind === 'client' && name.endsWith('/ApplyEvent'));
    expect(calls.every(({ parent }) => processing.has(parent ?? ''))).toBe(true);
  }
});
