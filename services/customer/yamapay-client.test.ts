import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PaymentProvider, startPaymentProvider } from '../../deploy/local/outside-world/payment-provider/payment-provider.ts';
import { systemClock } from '../../deploy/local/shared/local-server.ts';
import { Secret } from '../platform/chassis/process/secret.ts';
import { orderWith } from './tests/orders.ts';
import { PaymentProviderUnavailable, YamapayClient } from './yamapay-client.ts';

const signal = new AbortController().signal;
const stateDir = mkdtempSync(join(tmpdir(), 'yamapay-client-'));
let provider: PaymentProvider;
let url: string;
let client: YamapayClient;

beforeAll(async () => {
  provider = await startPaymentProvider({ port: 0, stateDir, clock: systemClock, key: 'key', webhookSecret: 'not-used-here' });
  url = `http://127.0.0.1:${provider.port}`;
  client = new YamapayClient({ name: 'yamapay', url, key: new Secret('key') });
});
afterAll(async () => {
  await provider?.close();
  rmSync(stateDir, { recursive: true, force: true });
});

async function confirmed(card: string) {
  const order = orderWith({ id: randomUUID() });
  const intent = await client.createIntent(order, signal);
  const body = JSON.stringify({ client_token: intent.clientToken, card });
  await fetch(`${url}/v1/payment_intents/${intent.id}/confirm`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return { order, id: intent.id };
}

describe('against the provider', () => {
  test('an order has one payment intent, however often it is asked for', async () => {
    const order = orderWith({ id: randomUUID() });
    const [first, second] = await Promise.all([client.createIntent(order, signal), client.createIntent(order, signal)]);
    expect(first).toEqual(second);
  });

  test('a capture that is repeated with its key is one capture', async () => {
    const { id } = await confirmed('ok');
    const done = { outcome: 'done', news: { paymentId: id, status: 'captured', sequence: 3n } };
    for (const key of ['a', 'a', 'b']) expect(await client.settle('capture', id, `${key}-${id}`, signal)).toEqual(done);
  });

  test('a void that comes after the capture tells that it is captured', async () => {
    const { id } = await confirmed('ok');
    await client.settle('capture', id, `capture-${id}`, signal);
    expect(await client.settle('void', id, `void-${id}`, signal)).toMatchObject({ outcome: 'done', news: { status: 'captured' } });
  });

  test('a capture that the bank declines is told as that', async () => {
    const { id } = await confirmed('declined-at-capture');
    expect(await client.settle('capture', id, `capture-${id}`, signal)).toEqual({ outcome: 'declined' });
  });

  test('what is unknown or unconfirmed is to be repeated', async () => {
    const { id } = await client.createIntent(orderWith({ id: randomUUID() }), signal);
    for (const payment of [id, 'pi_none']) {
      await expect(client.settle('capture', payment, randomUUID(), signal)).rejects.toThrow(PaymentProviderUnavailable);
    }
  });
});

const answering = (...answers: readonly [number, unknown][]) => {
  const left = [...answers];
  const fake = async () => {
    const [status, body] = left.shift() ?? [500, {}];
    return typeof body === 'string' ? new Response(body, { status }) : Response.json(body, { status });
  };
  return new YamapayClient({ name: 'yamapay', url: 'http://provider', key: new Secret('key'), fetch: fake as typeof fetch });
};

test.each([
  ['2', 2n],
  ['"2"', 2n],
  ['2.0', 2n],
  ['9007199254740993', 9_007_199_254_740_993n],
])('a sequence is read in every form that JSON gives to it: %s', async (form, sequence) => {
  const captured = `{"id":7,"status":"captured","client_token":"ct","sequence":${form}}`;
  const client = answering([200, captured], [200, captured]);
  expect(await client.createIntent(orderWith(), signal)).toEqual({ id: '7', clientToken: 'ct' });
  expect(await client.settle('capture', '7', 'key', signal)).toMatchObject({ outcome: 'done', news: { sequence } });
});

test('an intent whose id cannot be stored is none', async () => {
  const intent = '{"id":"pi\\u0000","status":"requires_confirmation","client_token":"ct","sequence":1}';
  await expect(answering([200, intent]).createIntent(orderWith(), signal)).rejects.toThrow('id');
});

describe('with an answer that tells nothing', () => {
  const intent = (status: string) => ({ id: 'pi_1', status, client_token: 'ct', sequence: 2 });

  test.each<[string, 'capture' | 'void' | 'refund', readonly [number, unknown][]]>([
    ['a failure', 'capture', [[500, {}]]],
    ['text', 'capture', [[200, 'a proxy says hello']]],
    [
      'a conflict over a payment that is still authorised',
      'capture',
      [
        [409, {}],
        [200, intent('authorized')],
      ],
    ],
    [
      'a conflict over a void that has not happened',
      'void',
      [
        [409, {}],
        [200, intent('authorized')],
      ],
    ],
    [
      'a conflict over a refund that has not happened',
      'refund',
      [
        [409, {}],
        [200, intent('captured')],
      ],
    ],
    ['too many requests', 'capture', [[429, {}]]],
  ])('the call is to be repeated: %s', async (_, action, answers) => {
    await expect(answering(...answers).settle(action, 'pi_1', 'key', signal)).rejects.toThrow(PaymentProviderUnavailable);
  });

  test('a provider that hangs is given up in time', async () => {
    const hanging = (_: unknown, init?: RequestInit) =>
      new Promise<Response>((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)));
    const options = { name: 'yamapay', url: 'http://provider', key: new Secret('key'), timeoutMs: 1 };
    const waiting = new YamapayClient({ ...options, fetch: hanging as typeof fetch });
    await expect(waiting.createIntent(orderWith(), signal)).rejects.toThrow(PaymentProviderUnavailable);
  });

  test('the key is in no error', async () => {
    const failing = () => Promise.reject(new Error('connection refused'));
    const secretive = new YamapayClient({ name: 'yamapay', url: 'http://provider', key: new Secret('the-key'), fetch: failing });
    const error = await secretive.settle('void', 'pi_1', 'key', signal).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(PaymentProviderUnavailable);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('the-key');
  });
});
