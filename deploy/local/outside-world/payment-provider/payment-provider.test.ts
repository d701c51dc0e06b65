import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createManualClock } from '../../shared/clock/advanceable-clock.ts';
import type { Intent, LedgerEntry } from './intents.ts';
import { type PaymentProvider, startPaymentProvider } from './payment-provider.ts';

const key = 'test-key';
const money = { amount_micros: '12000000', currency: 'JPY', reference: 'orders/x' };
const clock = createManualClock();
let stateDir: string;
let provider: PaymentProvider;
let receiver: Server;
let webhookUrl: string;
let events: { type: string; data: { intent: Intent } }[];
let keys = 0;

beforeEach(async () => {
  events = [];
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-yamapay-'));
  receiver = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    events.push(JSON.parse(body));
    response.writeHead(200).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  webhookUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/v1/webhooks/payments/yamapay`;
  await start();
});

afterEach(async () => {
  await provider.close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
  rmSync(stateDir, { recursive: true });
});

async function start(): Promise<void> {
  provider = await startPaymentProvider({ port: 0, stateDir, clock, key, webhookSecret: 's3cret', webhookUrl });
}

interface Answer {
  readonly status: number;
  readonly body: Intent & { error?: { code: string }; entries: LedgerEntry[]; payment_intents: Intent[] };
}

async function send(path: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${provider.port}${path}`, init);
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

function post(path: string, body?: unknown, idempotencyKey = `key-${++keys}`): Promise<Answer> {
  return send(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'idempotency-key': idempotencyKey, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

function get(path: string): Promise<Answer> {
  return send(path, { headers: { authorization: `Bearer ${key}` } });
}

function confirm(intent: Intent, card: string): Promise<Answer> {
  return send(`/v1/payment_intents/${intent.id}/confirm`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_token: intent.client_token, card }),
  });
}

async function authorized(card = 'ok'): Promise<Intent> {
  const { body } = await post('/v1/payment_intents', money);
  return (await confirm(body, card)).body;
}

async function ledger(): Promise<string[]> {
  return (await get('/v1/ledger?reference=orders/x')).body.entries.map(({ type }) => type);
}

test('a payment is created, confirmed by the app without a key, captured and refunded, and the ledger says so', async () => {
  const created = await post('/v1/payment_intents', money);
  expect(created).toEqual({
    status: 200,
    body: {
      ...money,
      id: expect.stringMatching(/^pi_/),
      status: 'requires_confirmation',
      client_token: expect.any(String),
      sequence: 1,
    },
  });
  const path = `/v1/payment_intents/${created.body.id}`;
  expect((await confirm(created.body, 'ok')).body).toMatchObject({ status: 'authorized', sequence: 2 });
  expect((await post(`${path}/capture`)).body).toMatchObject({ status: 'captured', sequence: 3 });
  expect((await post(`${path}/refund`)).body).toMatchObject({ status: 'refunded', sequence: 4 });
  expect((await get(path)).body.status).toBe('refunded');
  expect((await get('/v1/payment_intents?reference=orders/x')).body.payment_intents).toHaveLength(1);
  expect((await get('/v1/ledger')).body.entries).toEqual(
    ['authorize', 'capture', 'refund'].map((type) => ({
      intent: created.body.id,
      ...money,
      type,
      at: new Date(clock.now()).toISOString(),
    })),
  );
  await expect
    .poll(() => events.map(({ type, data }) => [type, data.intent.sequence]).sort())
    .toEqual([
      ['payment.authorized', 2],
      ['payment.captured', 3],
      ['payment.refunded', 4],
    ]);
});

test('a declined card ends the payment and touches no money', async () => {
  const intent = await authorized('declined');
  expect(intent.status).toBe('declined');
  expect(await post(`/v1/payment_intents/${intent.id}/capture`)).toMatchObject({ status: 409, body: { error: { code: 'invalid_state' } } });
  expect(await ledger()).toEqual([]);
});

test('a card that is declined at capture stays authorized and can be voided', async () => {
  const intent = await authorized('declined-at-capture');
  const capture = await post(`/v1/payment_intents/${intent.id}/capture`);
  expect(capture).toMatchObject({ status: 402, body: { error: { code: 'card_declined' } } });
  expect((await post(`/v1/payment_intents/${intent.id}/void`)).body.status).toBe('voided');
  expect(await ledger()).toEqual(['authorize', 'void']);
});

test('a payment that was voided before its confirmation cannot be confirmed, and held no money', async () => {
  const { body } = await post('/v1/payment_intents', money);
  expect((await post(`/v1/payment_intents/${body.id}/void`)).body.status).toBe('voided');
  expect((await confirm(body, 'ok')).status).toBe(409);
  expect(await ledger()).toEqual([]);
});

test('actions in the wrong state are 409 and change nothing', async () => {
  const intent = await authorized();
  const path = `/v1/payment_intents/${intent.id}`;
  expect((await post(`${path}/refund`)).status).toBe(409);
  await post(`${path}/capture`);
  for (const action of ['capture', 'void']) expect((await post(`${path}/${action}`)).status, action).toBe(409);
  expect(await ledger()).toEqual(['authorize', 'capture']);
});

test('a repeated idempotency key answers as the first time and does nothing again', async () => {
  const first = await post('/v1/payment_intents', money, 'once');
  expect(await post('/v1/payment_intents', money, 'once')).toEqual(first);
  await confirm(first.body, 'ok');
  const path = `/v1/payment_intents/${first.body.id}/capture`;
  const captured = await post(path, {}, 'capture-once');
  expect(await post(path, {}, 'capture-once')).toEqual(captured);
  expect(await ledger()).toEqual(['authorize', 'capture']);
});

test('concurrent requests with one key have one effect', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => post('/v1/payment_intents', money, 'same')));
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
});

test('an idempotency key of another request is 409, a missing one 400', async () => {
  const intent = await authorized();
  await post('/v1/payment_intents', money, 'k');
  const reused = { status: 409, body: { error: { code: 'idempotency_key_reused' } } };
  expect(await post('/v1/payment_intents', { ...money, amount_micros: '1000000' }, 'k')).toMatchObject(reused);
  expect(await post(`/v1/payment_intents/${intent.id}/capture`, undefined, 'k')).toMatchObject(reused);
  expect((await post('/v1/payment_intents', money, '')).status).toBe(400);
});

test('a refused request does not use up its idempotency key', async () => {
  const { body } = await post('/v1/payment_intents', money);
  const path = `/v1/payment_intents/${body.id}/capture`;
  expect((await post(path, undefined, 'capture')).status).toBe(409);
  await confirm(body, 'ok');
  expect((await post(path, undefined, 'capture')).body.status).toBe('captured');
});

test('a lost answer to a confirmation can be repeated, with another card not', async () => {
  const intent = await authorized();
  expect(await confirm(intent, 'ok')).toMatchObject({ status: 200, body: { status: 'authorized', sequence: 2 } });
  expect((await confirm(intent, 'declined')).status).toBe(409);
  expect(await ledger()).toEqual(['authorize']);
});

test('wrong keys, tokens, ids and bodies are refused', async () => {
  const { body } = await post('/v1/payment_intents', money);
  const unkeyed = await send('/v1/ledger', { headers: { authorization: 'Bearer other' } });
  expect(unkeyed).toMatchObject({ status: 401, body: { error: { code: 'unauthorized' } } });
  expect((await confirm({ ...body, client_token: 'other' }, 'ok')).status).toBe(403);
  expect((await get('/v1/payment_intents/pi_none')).status).toBe(404);
  expect((await post('/v1/payment_intents/pi_none/capture')).status).toBe(404);
  expect((await post('/v1/payment_intents', { ...money, amount_micros: '-5' })).status).toBe(400);
  for (const wrong of [{ amount_micros: 'ten' }, { amount_micros: '500000' }, { currency: 'XXX' }, { currency: 'yen' }]) {
    expect((await post('/v1/payment_intents', { ...money, ...wrong })).status).toBe(400);
  }
  expect((await confirm(body, 'gold')).status).toBe(400);
});

test('what the merchant adds as metadata comes back with the payment and its webhooks', async () => {
  const metadata = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
  const { body } = await post('/v1/payment_intents', { ...money, metadata });
  expect(body.metadata).toEqual(metadata);
  await confirm(body, 'ok');
  await expect.poll(() => events.map(({ data }) => data.intent.metadata)).toEqual([metadata]);
});

test('the ledger’s rows can be neither changed nor removed', async () => {
  await authorized();
  // The provider lets nobody else at its file while it runs.
  await provider.close();
  const database = new DatabaseSync(join(stateDir, 'payment-provider.sqlite'));
  expect(() => database.exec("UPDATE ledger SET amount_micros = '1'")).toThrow('append-only');
  expect(() => database.exec('DELETE FROM ledger')).toThrow('append-only');
  database.close();
  await start();
});

test('payments, ledger, keys and waiting webhooks survive a restart', async () => {
  provider.setWebhookUrl(undefined);
  const first = await post('/v1/payment_intents', money, 'before');
  await confirm(first.body, 'ok');
  await provider.close();
  expect(events).toHaveLength(0);
  await start();
  expect(await post('/v1/payment_intents', money, 'before')).toEqual(first);
  expect(await ledger()).toEqual(['authorize']);
  await expect.poll(() => events.map(({ type }) => type)).toEqual(['payment.authorized']);
});

test('with faults on, clients that repeat with their key still have one effect each', async () => {
  expect((await post('/control/faults', { error_rate: 0.5, seed: 7 })).status).toBe(200);
  const statuses: number[] = [];
  const ids = new Set<string>();
  for (let payment = 0; payment < 10; payment++) {
    for (;;) {
      const { status, body } = await post('/v1/payment_intents', money, `payment-${payment}`);
      statuses.push(status);
      if (status !== 200) continue;
      ids.add(body.id);
      break;
    }
  }
  await post('/control/faults', {});
  expect(statuses.filter((status) => status === 500).length).toBeGreaterThan(2);
  const { payment_intents } = (await get('/v1/payment_intents?reference=orders/x')).body;
  expect(payment_intents.map(({ id }) => id)).toEqual([...ids]);
});

test('of the requests that fail, some are carried out and only lose their answer', async () => {
  await post('/control/faults', { error_rate: 1, seed: 3 });
  for (let payment = 0; payment < 20; payment++) expect((await post('/v1/payment_intents', money)).status).toBe(500);
  await post('/control/faults', {});
  const { length } = (await get('/v1/payment_intents?reference=orders/x')).body.payment_intents;
  expect(length).toBeGreaterThan(0);
  expect(length).toBeLessThan(20);
});

test('the same seed gives the same faults', async () => {
  const run = async () => {
    await post('/control/faults', { error_rate: 0.5, seed: 42 });
    const statuses: number[] = [];
    for (let request = 0; request < 20; request++) statuses.push((await get('/v1/ledger')).status);
    return statuses;
  };
  const first = await run();
  expect(new Set(first)).toEqual(new Set([200, 500]));
  expect(await run()).toEqual(first);
});

test('latency is waited on the injected clock', async () => {
  await post('/control/faults', { latency_ms: 5000 });
  const answer = get('/v1/ledger');
  await expect.poll(() => clock.nextDue()).toBe(clock.now() + 5000);
  clock.advance(5000);
  expect((await answer).status).toBe(200);
});
