import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { callJson } from '../deploy/local/demo/http-json.ts';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { outsideUrl } from '../deploy/local/platform/endpoints.ts';
import { operatorEmail } from '../deploy/local/platform/place.ts';
import { secretOf } from '../deploy/local/platform/secrets.ts';
import { usePlatform } from './test-platform.ts';

const stage = usePlatform();

interface DeadLetters {
  readonly deadLetters?: readonly { readonly topic: string; readonly event: string; readonly kind: string; readonly aggregate: string }[];
}

async function call<T>(kind: 'operator' | 'customer', method: string, path: string, body?: object): Promise<T> {
  const { endpoints } = stage.platform;
  const bearer = await devToken(endpoints, kind, kind === 'operator' ? operatorEmail : 'alice');
  return callJson<T>(method, `${endpoints.edge}${path}`, { bearer, ...(body && { body }) });
}

const deadLetters = async () => (await call<DeadLetters>('operator', 'GET', '/v1/operator/deadLetters')).deadLetters ?? [];

/** Moves time on, each step longer than any pause between two deliveries, until something was given up. */
async function givenUp() {
  for (;;) {
    const letters = await deadLetters();
    if (letters.length > 0) return letters;
    for (let step = 0; step < 10; step += 1) {
      await stage.platform.advanceClock(61);
      await delay(100);
    }
  }
}

it('an event that is delivered in vain is shown to operators, and delivered again when they say so', { timeout: 120_000 }, async () => {
  const { platform } = stage;
  const carrier = outsideUrl(platform.endpoints, 'carrier');
  // A parcel of which the partner never said that it has handed it over: its delivery can be told to nobody.
  const key = secretOf(platform.secrets, 'carrier-key');
  const booking = await callJson<{ tracking_number: string }>('POST', `${carrier}/v1/shipments`, {
    bearer: key,
    body: { reference: 'orders/none', address: {} },
  });
  for (const _leg of ['in_transit', 'delivered']) {
    await callJson('POST', `${carrier}/v1/shipments/${booking.tracking_number}/advance`, { body: {} });
  }
  const [letter] = await givenUp();
  expect(letter).toMatchObject({
    topic: 'shipment-events',
    kind: 'shipmentStatusReported',
    aggregate: `shipments/hayabusa/${booking.tracking_number}`,
  });

  expect(await call('operator', 'POST', '/v1/operator/deadLetters:replay', { topic: 'deal-events' })).toEqual({});
  expect(await call('operator', 'POST', '/v1/operator/deadLetters:replay', { topic: 'shipment-events' })).toEqual({
    replayed: 1,
  });
  expect(await deadLetters()).toEqual([]);
  // The cause is still there, so it comes back.
  expect(await givenUp()).toHaveLength(1);
});

it('only operators see dead letters, of topics that exist', async () => {
  await expect(call('customer', 'GET', '/v1/operator/deadLetters')).rejects.toThrow(/HTTP (401|403)/);
  await expect(call('operator', 'GET', '/v1/operator/deadLetters?topic=no-such-topic')).rejects.toThrow('HTTP 400');
});
