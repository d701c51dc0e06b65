import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../shared/local-server.ts';
import { type DeliveryFaults, DeliveryMishaps } from './delivery-faults.ts';
import { createHttpDispatcher, type HttpDispatcher } from './http-dispatcher.ts';

const mishaps = new DeliveryMishaps();
const none: DeliveryFaults = { delayRate: 0, delayMs: 2, repeatRate: 0, lostAnswerRate: 0, seed: 7 };
let received: string[];
let dispatcher: HttpDispatcher;
let url: string;

const server = createServer((request, response) => {
  request.on('data', (data) => received.push(String(data))).on('end', () => response.end());
});

beforeEach(async () => {
  received = [];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  dispatcher = createHttpDispatcher(systemClock, async () => 'token', mishaps);
});
afterEach(async () => {
  mishaps.set(undefined);
  dispatcher.close();
  await new Promise((resolve) => server.close(resolve));
});

const send = (body: string) => dispatcher.send({ url, method: 'POST', headers: {}, body, identity: null, timeoutMs: 5_000 });

it('delivers once where nothing goes wrong', async () => {
  expect(await send('a')).toEqual({ kind: 'answered', status: 200 });
  expect(received).toEqual(['a']);
});

it('repeats a delivery that was answered', async () => {
  mishaps.set({ ...none, repeatRate: 1 });
  expect(await send('a')).toEqual({ kind: 'answered', status: 200 });
  await expect.poll(() => received).toEqual(['a', 'a']);
});

it('loses the answer to a delivery that arrived', async () => {
  mishaps.set({ ...none, lostAnswerRate: 1 });
  expect(await send('a')).toMatchObject({ kind: 'unanswered' });
  expect(received).toEqual(['a']);
});

it('does the same for the same seed', () => {
  const faults = { delayRate: 0.5, delayMs: 100, repeatRate: 0.5, lostAnswerRate: 0.5, seed: 3 };
  const twenty = () => {
    mishaps.set(faults);
    return Array.from({ length: 20 }, () => mishaps.next());
  };
  const run = twenty();
  expect(twenty()).toEqual(run);
  expect(new Set(run.map(({ answerIsLost }) => answerIsLost)).size).toBe(2);
});

it('lets a later delivery overtake one that is delayed', async () => {
  mishaps.set({ ...none, delayRate: 1, delayMs: 2_000 });
  const late = send('first');
  mishaps.set(undefined);
  await send('second');
  await late;
  expect(received).toEqual(['second', 'first']);
});
