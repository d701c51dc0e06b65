import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it, vi } from 'vitest';
import { callJson } from '../deploy/local/demo/http-json.ts';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { outsideUrl } from '../deploy/local/platform/endpoints.ts';
import { operatorEmail } from '../deploy/local/platform/place.ts';
import { secretOf } from '../deploy/local/platform/secrets.ts';
import { usePlatform } from './test-platform.ts';

// With traces there is the inspector of the local cloud, which tells of deliveries.
const stage = usePlatform({ traces: true });

/** Of the events that are delivered in vain here. */
const topics = ['shipment-events', 'payment-events'] as const;

interface DeadLetter {
  readonly topic: string;
  readonly event: string;
  readonly kind: string;
  readonly aggregate: string;
}

async function call<T>(kind: 'operator' | 'customer', method: string, path: string, body?: object): Promise<T> {
  const { endpoints } = stage.platform;
  const bearer = await devToken(endpoints, kind, kind === 'operator' ? operatorEmail : 'alice');
  return callJson<T>(method, `${endpoints.edge}${path}`, { bearer, ...(body && { body }) });
}

const deadLetters = async () =>
  (await call<{ deadLetters?: readonly DeadLetter[] }>('operator', 'GET', '/v1/operator/deadLetters')).deadLetters ?? [];

/** What the local cloud has in hand of a topic, with how often it was delivered in vain. */
async function inHand(topic: string): Promise<string> {
  const inspect = async <T>(path: string) => callJson<T>('GET', `http://127.0.0.1:${stage.platform.ports.inspect}${path}`);
  const { topics } = await inspect<{ topics: { topic: string; subscriptions: { subscription: string }[] }[] }>('/topics');
  const [subscribed] = topics.find((each) => each.topic === topic)?.subscriptions ?? [];
  const { waiting } = await inspect<{ waiting: { id: string; attempts: number }[] }>(`/subscriptions/${subscribed?.subscription}`);
  return JSON.stringify(waiting.map(({ id, attempts }) => [id, attempts]));
}

const nothing = JSON.stringify([]);

/**
 * Moves time on, each step longer than any pause between two deliveries, and waits for the delivery: until an event of each topic has come and was given up. The
 * dead letters are asked for at the end only, because an answer that there are none takes Pub/Sub two seconds.
 */
async function givenUp(): Promise<readonly DeadLetter[]> {
  const come = new Set<string>();
  for (;;) {
    const before = new Map(await Promise.all(topics.map(async (topic) => [topic, await inHand(topic)] as const)));
    for (const [topic, events] of before) if (events !== nothing) come.add(topic);
    const left = topics.filter((topic) => !come.has(topic) || before.get(topic) !== nothing);
    if (left.length === 0) break;
    await stage.platform.advanceClock(61);
    await vi.waitFor(
      async () => {
        for (const topic of left) expect(await inHand(topic)).not.toBe(before.get(topic));
      },
      { timeout: 60_000, interval: 20 },
    );
  }
  // What is no longer in hand may still be on its way to where it is listed.
  return vi.waitFor(
    async () => {
      const letters = await deadLetters();
      expect(letters.map(({ topic }) => topic)).toEqual(expect.arrayContaining([...topics]));
      return letters;
    },
    { timeout: 60_000, interval: 20 },
  );
}

let letters: readonly DeadLetter[];
let tracking: string;

beforeAll(async () => {
  const { endpoints, secrets } = stage.platform;
  // A parcel of which the partner never said that it has handed it over: its delivery can be told to nobody.
  const carrier = outsideUrl(endpoints, 'carrier');
  const bearer = secretOf(secrets, 'carrier-key');
  const shipment = { reference: 'orders/none', address: {} };
  const booking = await callJson<{ tracking_number: string }>('POST', `${carrier}/v1/shipments`, { bearer, body: shipment });
  tracking = booking.tracking_number;
  for (const _leg of ['in_transit', 'delivered']) await callJson('POST', `${carrier}/v1/shipments/${tracking}/advance`, { body: {} });
  // A signed payment of an order that does not exist.
  const intent = { id: 'pi_stray', reference: 'orders/none', sequence: 2 };
  const body = JSON.stringify({ id: 'evt_stray', type: 'payment.authorized', data: { intent } });
  const time = Math.floor(Date.now() / 1000);
  const v1 = createHmac('sha256', secretOf(secrets, 'payment-webhook')).update(`${time}.${body}`).digest('hex');
  const headers = { 'content-type': 'application/json', 'yamapay-signature': `t=${time},v1=${v1}` };
  const answer = await fetch(`${endpoints.edge}/v1/webhooks/payments/yamapay`, { method: 'POST', headers, body });
  expect(answer.status).toBe(200);
  letters = await givenUp();
}, 240_000);

it('an event that is delivered in vain is shown to operators', () => {
  expect(letters).toHaveLength(2);
  expect(letters).toContainEqual(
    expect.objectContaining({ topic: 'shipment-events', kind: 'shipmentStatusReported', aggregate: `shipments/hayabusa/${tracking}` }),
  );
});

it('a signed payment of an order that does not exist is kept, and the log says why its owner refuses it', () => {
  const letter = letters.find(({ topic }) => topic === 'payment-events');
  expect(letter).toMatchObject({ kind: 'paymentStatusReported', aggregate: 'payments/yamapay/pi_stray' });
  const lines = readFileSync(join(stage.stateDir, 'logs', 'job.log'), 'utf8').split('\n');
  const refusals = lines.filter((line) => line.includes('event refused by its owner')).map((line) => JSON.parse(line));
  expect(refusals).toContainEqual(
    expect.objectContaining({ severity: 'ERROR', event: letter?.event, refusal: expect.stringContaining('orders/none') }),
  );
});

it('is delivered again when operators say so, and comes back while its cause is there', { timeout: 240_000 }, async () => {
  const replay = (topic: string) => call('operator', 'POST', '/v1/operator/deadLetters:replay', { topic });
  expect(await replay('deal-events')).toEqual({});
  for (const topic of topics) expect(await replay(topic)).toEqual({ replayed: 1 });
  expect(await deadLetters()).toEqual([]);
  const again = (await givenUp()).map(({ topic, kind, aggregate }) => ({ topic, kind, aggregate }));
  expect(new Set(again)).toEqual(new Set(letters.map(({ topic, kind, aggregate }) => ({ topic, kind, aggregate }))));
});

it('only operators see dead letters, of topics that exist', async () => {
  await expect(call('customer', 'GET', '/v1/operator/deadLetters')).rejects.toThrow(/HTTP (401|403)/);
  await expect(call('operator', 'GET', '/v1/operator/deadLetters?topic=no-such-topic')).rejects.toThrow('HTTP 400');
});
