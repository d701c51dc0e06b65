import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { devToken } from '../platform/dev-token.ts';
import { type Endpoints, outsideUrl } from '../platform/endpoints.ts';
import { secretOf } from '../platform/secrets.ts';
import type { Platform } from '../platform/start-platform.ts';

const visibleTimeoutMs = 60_000;

const deals = [
  {
    title: 'Uji matcha, 100 g',
    description: 'Stone-milled, first flush.',
    price: { currencyCode: 'JPY', units: '1980' },
    groupSize: 3,
    stock: '300',
    sku: 'MATCHA-100',
  },
  {
    title: 'Arita porcelain cup',
    description: 'Painted by hand.',
    price: { currencyCode: 'JPY', units: '4200' },
    groupSize: 2,
    stock: '40',
    sku: 'ARITA-CUP',
  },
];

/** Fills an empty platform with two deals of the partner "acme", through the edge gateway as the partner would do it. Once for each state. */
export async function seedDemoData({ endpoints, secrets }: Platform, stateDir: string): Promise<void> {
  const stampFile = join(stateDir, 'seeded.stamp');
  if (existsSync(stampFile)) return;
  const token = await devToken(endpoints, 'partner', 'acme');
  await Promise.all(
    deals.map(async (deal) => {
      await call('PUT', `${outsideUrl(endpoints, 'inventory')}/v1/stock/${deal.sku}`, secretOf(secrets, 'inventory-key'), {
        stock: Number(deal.stock),
      });
      // The same request id each time: where the start is cut short, the next one does not make a second deal.
      const { name } = await call('POST', `${endpoints.edge}/v1/partner/deals?request_id=${seedRequestId(deal.sku)}`, token, deal);
      await call('POST', `${endpoints.edge}/v1/partner/${name}:publish`, token, {});
    }),
  );
  const deadline = Date.now() + visibleTimeoutMs;
  for (;;) {
    // Whoever has to start first may answer late.
    const answer = await onSale(endpoints).catch((error: Error) => error);
    if (typeof answer === 'number' && answer >= deals.length) break;
    if (Date.now() > deadline) throw new Error('the seeded deals did not go on sale', { cause: answer });
    await delay(50);
  }
  writeFileSync(stampFile, '');
}

async function onSale(endpoints: Endpoints): Promise<number> {
  const page = await call('GET', `${endpoints.edge}/v1/deals`, undefined);
  return Array.isArray(page['deals']) ? page['deals'].length : 0;
}

async function call(method: string, url: string, bearer: string | undefined, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: HTTP ${response.status} ${text}`);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

function seedRequestId(sku: string): string {
  return `5eed0000-0000-4000-8000-${Buffer.from(sku).toString('hex').padEnd(12, '0').slice(0, 12)}`;
}
