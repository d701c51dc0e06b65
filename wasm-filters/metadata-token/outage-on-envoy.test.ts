import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { closedPort, httpUpstream, type Upstream } from '../testing/upstream.ts';
import { hourMs, jwt, tokenHeader } from './testing/running-filter.ts';
import { type TokenGateway, tokenGateway } from './testing/token-gateway.ts';

let metadata: Upstream;
/** What the metadata server does with a question. */
let answer: (response: ServerResponse) => void;
let gateway: TokenGateway;

const silence = (): void => {};
const giveToken = (response: ServerResponse): void => void response.end(jwt(hourMs));

beforeEach(async () => {
  answer = silence;
  metadata = await httpUpstream((_, response) => answer(response));
});

afterEach(async () => {
  await gateway.close();
  metadata.close();
});

const grpc = { 'content-type': 'application/grpc' };

async function expectRefused(headers: Readonly<Record<string, string>>): Promise<number> {
  const began = performance.now();
  const reply = await gateway.send('/customer', headers);
  if (headers['content-type'] === undefined) {
    expect(reply).toMatchObject({ status: 503, body: 'The gateway cannot get its own identity at the moment. Try again.\n' });
  } else {
    expect(reply).toMatchObject({ status: 200, headers: { 'grpc-status': '14' } });
  }
  expect(gateway.upstream.requests).toEqual([]);
  return performance.now() - began;
}

/** The requests that Envoy has at hand now, as one of its own statistics. */
async function activeRequests(): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${gateway.envoy.adminPort}/stats?filter=downstream_rq_active`);
  return Number(/http\.main\.downstream_rq_active: (\d+)/.exec(await response.text())![1]);
}

test('a metadata server that says nothing is waited for by nobody for long, and for less where a caller has a deadline that is shorter', async () => {
  gateway = await tokenGateway(metadata.port);
  const [short, rest, native] = await Promise.all([
    expectRefused({ ...grpc, 'grpc-timeout': '1S' }),
    expectRefused({}),
    expectRefused({ ...grpc, 'grpc-timeout': '60S' }),
  ]);
  // For how long exactly: metadata-silence.test.ts, whose clock is its own.
  expect(short).toBeLessThan(Math.min(rest, native));
  expect(gateway.envoy.log()).toContain('audience "https://customer.example/path?a=1&b=2": no answer within 2000 ms');
});

test('where nobody listens, callers are refused at once, and the log says so', async () => {
  gateway = await tokenGateway(await closedPort());
  // Less than what silence costs.
  for (const headers of [{}, grpc]) expect(await expectRefused(headers)).toBeLessThan(4_000);
  await expect.poll(() => gateway.envoy.log()).toContain('no connection, remote connection failure');
});

test.each<[string, (response: ServerResponse) => void]>([
  ['a text that is no token', (response) => response.end('<html>sign in</html>')],
  ['nothing', (response) => response.end()],
  ['a status', (response) => response.writeHead(404).end(jwt(hourMs))],
  ['half an answer', (response) => response.writeHead(200, { 'content-length': 1_000 }).write('ey', () => response.destroy())],
  ['an expired token', (response) => response.end(jwt(-1))],
])('a metadata server that answers with %s gives nobody a token', async (_, rubbish) => {
  answer = rubbish;
  gateway = await tokenGateway(metadata.port);
  for (const headers of [{}, grpc]) await expectRefused(headers);
});

test('clients that disconnect while their token is fetched do no harm to those who stay and those who come', async () => {
  const held: ServerResponse[] = [];
  answer = (response) => held.push(response);
  gateway = await tokenGateway(metadata.port);
  const gone = Array.from({ length: 20 }, () => gateway.open('/customer').on('error', () => {}));
  const stays = gateway.send('/customer');
  while ((await activeRequests()) < 21) await delay(10);
  for (const request of gone) request.destroy();
  while ((await activeRequests()) > 1) await delay(10);
  answer = giveToken;
  held.forEach(giveToken);
  expect((await stays).status).toBe(200);
  for (let later = 0; later < 10; later++) expect((await gateway.send('/customer')).status).toBe(200);
  expect(gateway.upstream.requests).toHaveLength(11);
  expect(gateway.upstream.requests.every((headers) => /^Bearer ey/.test(String(headers[tokenHeader])))).toBe(true);
});

test('an outage that ends while a request waits costs it nothing but the time', async () => {
  gateway = await tokenGateway(metadata.port);
  const [request] = [gateway.open('/customer')];
  await delay(300);
  answer = giveToken;
  const [response] = await once(request, 'response');
  expect(response.statusCode).toBe(200);
});
