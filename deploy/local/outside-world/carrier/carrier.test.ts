import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createManualClock } from '../../shared/clock/advanceable-clock.ts';
import { type Carrier, startCarrier } from './carrier.ts';

const booking = { reference: 'orders/x', address: { regionCode: 'JP', addressLines: ['1-1'] } };
const clock = createManualClock();
let stateDir: string;
let carrier: Carrier;
let receiver: Server;
let webhooks: { signature: string; body: string }[];

beforeEach(async () => {
  webhooks = [];
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-hayabusa-'));
  receiver = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    webhooks.push({ signature: String(request.headers['hayabusa-signature']), body });
    response.writeHead(200).end();
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  await start();
});

afterEach(async () => {
  await carrier.close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
  rmSync(stateDir, { recursive: true });
});

async function start(): Promise<void> {
  const webhookUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  carrier = await startCarrier({ port: 0, stateDir, clock, key: 'k', webhookSecret: 's3cret', webhookUrl });
}

async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = { authorization: 'Bearer k' }) {
  const response = await fetch(`http://127.0.0.1:${carrier.port}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('a parcel is booked, moves and is delivered, each step with a signed webhook', async () => {
  const booked = await send('POST', '/v1/shipments', booking);
  expect(booked).toEqual({ status: 200, body: { tracking_number: expect.stringMatching(/^SW\d{12}$/), status: 'booked' } });
  const path = `/v1/shipments/${booked.body['tracking_number']}`;
  expect((await send('POST', `${path}/advance`, undefined, {})).body).toMatchObject({ status: 'in_transit', sequence: 2 });
  expect((await send('POST', `${path}/advance`, undefined, {})).body).toMatchObject({ status: 'delivered', sequence: 3 });
  expect((await send('POST', `${path}/advance`)).status).toBe(409);
  expect((await send('GET', path)).body).toMatchObject({ ...booking, status: 'delivered' });
  await expect.poll(() => webhooks).toHaveLength(2);
  const t = clock.now() / 1000;
  for (const { signature, body } of webhooks) {
    expect(signature).toBe(`t=${t},v1=${createHmac('sha256', 's3cret').update(`${t}.${body}`).digest('hex')}`);
  }
  const types = webhooks.map(({ body }) => JSON.parse(body)).sort((a, b) => a.data.sequence - b.data.sequence);
  expect(types).toEqual([
    expect.objectContaining({ type: 'shipment.in_transit' }),
    {
      id: expect.stringMatching(/^evt_/),
      type: 'shipment.delivered',
      created: t,
      data: { tracking_number: booked.body['tracking_number'], reference: 'orders/x', status: 'delivered', sequence: 3 },
    },
  ]);
});

test('a webhook does not carry the address', async () => {
  const { body } = await send('POST', '/v1/shipments', booking);
  await send('POST', `/v1/shipments/${body['tracking_number']}/advance`);
  await expect.poll(() => webhooks).toHaveLength(1);
  expect(webhooks[0]?.body).not.toContain('1-1');
});

test('a booking that is repeated with its idempotency key is one parcel', async () => {
  const headers = { authorization: 'Bearer k', 'idempotency-key': 'once' };
  const first = await send('POST', '/v1/shipments', booking, headers);
  expect(await send('POST', '/v1/shipments', booking, headers)).toEqual(first);
  expect((await send('POST', '/v1/shipments', { ...booking, reference: 'orders/y' }, headers)).status).toBe(409);
  expect((await send('GET', '/v1/shipments?reference=orders/x')).body['shipments']).toHaveLength(1);
});

test('parcels survive a restart', async () => {
  const { body } = await send('POST', '/v1/shipments', booking);
  await carrier.close();
  await start();
  expect((await send('GET', `/v1/shipments/${body['tracking_number']}`)).body['status']).toBe('booked');
});

test('wrong keys, parcels and bodies are refused', async () => {
  expect((await send('POST', '/v1/shipments', booking, {})).status).toBe(401);
  expect((await send('POST', '/v1/shipments', { reference: 'orders/x' })).status).toBe(400);
  expect((await send('POST', '/v1/shipments/SW0/advance')).status).toBe(404);
});
