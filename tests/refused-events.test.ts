import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { callJson } from '../deploy/local/demo/http-json.ts';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { operatorEmail } from '../deploy/local/platform/place.ts';
import { secretOf } from '../deploy/local/platform/secrets.ts';
import { usePlatform } from './test-platform.ts';

const stage = usePlatform();

interface DeadLetters {
  readonly deadLetters?: readonly { readonly topic: string; readonly kind: string; readonly aggregate: string; readonly event: string }[];
}

async function operator<T>(method: string, path: string, body?: object): Promise<T> {
  const { endpoints } = stage.platform;
  const bearer = await devToken(endpoints, 'operator', operatorEmail);
  return callJson<T>(method, `${endpoints.edge}${path}`, { bearer, ...(body && { body }) });
}

/** Moves time on, each step longer than any pause between two deliveries, until something was given up. */
async function givenUp() {
  for (;;) {
    const { deadLetters = [] } = await operator<DeadLetters>('GET', '/v1/operator/deadLetters');
    if (deadLetters.length > 0) return deadLetters;
    for (let step = 0; step < 10; step += 1) {
      await stage.platform.advanceClock(61);
      await delay(100);
    }
  }
}

it('a signed payment of an order that does not exist is kept, and ends before an operator who can replay it', {
  timeout: 240_000,
}, async () => {
  const { endpoints, secrets } = stage.platform;
  const intent = { id: 'pi_stray', reference: 'orders/none', sequence: 2 };
  const body = JSON.stringify({ id: 'evt_stray', type: 'payment.authorized', data: { intent } });
  const time = Math.floor(Date.now() / 1000);
  const v1 = createHmac('sha256', secretOf(secrets, 'payment-webhook')).update(`${time}.${body}`).digest('hex');
  const headers = { 'content-type': 'application/json', 'yamapay-signature': `t=${time},v1=${v1}` };
  const answer = await fetch(`${endpoints.edge}/v1/webhooks/payments/yamapay`, { method: 'POST', headers, body });
  expect(answer.status).toBe(200);

  const letters = await givenUp();
  const letter = { topic: 'payment-events', kind: 'paymentStatusReported', aggregate: 'payments/yamapay/pi_stray' };
  expect(letters).toMatchObject([letter]);
  const lines = readFileSync(join(stage.stateDir, 'logs', 'job.log'), 'utf8').split('\n');
  const refusals = lines.filter((line) => line.includes('event refused by its owner')).map((line) => JSON.parse(line));
  expect(refusals[0]).toMatchObject({ severity: 'ERROR', event: letters[0]!.event, refusal: expect.stringContaining('orders/none') });

  expect(await operator('POST', '/v1/operator/deadLetters:replay', { topic: 'payment-events' })).toEqual({ replayed: 1 });
  // The order is still not there, so the event is still not lost.
  expect(await givenUp()).toMatchObject([letter]);
});
