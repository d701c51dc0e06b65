import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AdvanceableClock, createManualClock } from '../shared/clock/advanceable-clock.ts';
import { openStore, type Store } from '../shared/store/open-store.ts';
import { createWebhookOutbox, type WebhookOutbox, webhookOutboxSchema } from './webhook-outbox.ts';

interface Received {
  readonly body: string;
  readonly signature: string;
}

let clock: AdvanceableClock;
let stateDir: string;
let store: Store;
let receiver: Server;
let url: string;
let outbox: WebhookOutbox;
/** undefined: none ever. */
let answer: number | undefined;
let received: Received[];
let waiting: (() => void)[];

beforeEach(async () => {
  clock = createManualClock();
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-outbox-'));
  answer = 200;
  received = [];
  waiting = [];
  receiver = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    received.push({ body, signature: String(request.headers['test-signature']) });
    if (answer !== undefined) response.writeHead(answer).end();
    for (const check of waiting) check();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  open(url);
});

afterEach(async () => {
  await outbox.close();
  store.close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
  rmSync(stateDir, { recursive: true });
});

function open(to: string | undefined): void {
  store = openStore(stateDir, 'test', webhookOutboxSchema);
  outbox = createWebhookOutbox({ database: store.database, clock, header: 'Test-Signature', secret: 's3cret', url: to });
}

function receivedCount(count: number): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (received.length >= count) resolve();
    };
    waiting.push(check);
    check();
  });
}

/** Until the next attempt, once one is planned. */
async function nextDelay(): Promise<number> {
  await expect.poll(() => clock.nextDue()).toBeDefined();
  return clock.nextDue()! - clock.now();
}

function rows(): number {
  return Number(store.database.prepare('SELECT count(*) AS count FROM webhook_outbox').get()?.['count']);
}

test('sends what was added, signed over the time and the raw body', async () => {
  outbox.add('payment.authorized', { intent: 'pi_1' });
  outbox.wake();
  await receivedCount(1);
  const [{ body, signature }] = received as [Received];
  const t = clock.now() / 1000;
  expect(signature).toBe(`t=${t},v1=${createHmac('sha256', 's3cret').update(`${t}.${body}`).digest('hex')}`);
  expect(JSON.parse(body)).toEqual({
    id: expect.stringMatching(/^evt_[0-9a-f]{24}$/),
    type: 'payment.authorized',
    created: t,
    data: { intent: 'pi_1' },
  });
  await expect.poll(() => rows()).toBe(0);
});

test('repeats the same event with growing gaps and a fresh signature until it is accepted', async () => {
  answer = 503;
  outbox.add('a', {});
  outbox.wake();
  await receivedCount(1);
  const gaps: number[] = [];
  for (let attempt = 2; attempt <= 4; attempt++) {
    gaps.push(await nextDelay());
    if (attempt === 4) answer = 204;
    clock.advance(gaps.at(-1)!);
    await receivedCount(attempt);
  }
  expect(gaps).toEqual([250, 500, 1000]);
  expect(new Set(received.map(({ body }) => body)).size).toBe(1);
  expect(received.at(-1)?.signature).not.toBe(received[0]?.signature);
  await expect.poll(() => rows()).toBe(0);
});

test('a receiver that is down does not lose events: they are sent after a restart', async () => {
  outbox.setUrl('http://127.0.0.1:1/nobody');
  outbox.add('a', {});
  outbox.wake();
  await nextDelay();
  await outbox.close();
  store.close();
  open(url);
  await receivedCount(1);
});

test('an attempt that the end of the process cuts is repeated by the next one', async () => {
  answer = undefined;
  outbox.add('a', {});
  outbox.wake();
  await receivedCount(1);
  await outbox.close();
  store.close();
  answer = 200;
  open(url);
  await receivedCount(2);
  expect(received[1]?.body).toBe(received[0]?.body);
  await expect.poll(() => rows()).toBe(0);
});

test('nothing is sent without a URL, everything at once when there is one', async () => {
  outbox.setUrl(undefined);
  for (let count = 0; count < 100; count++) outbox.add('a', { count });
  outbox.wake();
  expect(received).toHaveLength(0);
  outbox.setUrl(url);
  await receivedCount(100);
  expect(new Set(received.map(({ body }) => JSON.parse(body).data.count)).size).toBe(100);
});
