import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createManualClock } from '../../shared/clock/advanceable-clock.ts';
import type { LocalServer } from '../../shared/local-server.ts';
import { startInventory } from './inventory.ts';

const clock = createManualClock();
let stateDir: string;
let inventory: LocalServer;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-inventory-'));
  inventory = await startInventory({ port: 0, stateDir, clock, key: 'k' });
});

afterEach(async () => {
  await inventory.close();
  rmSync(stateDir, { recursive: true });
});

async function send(path: string, init: RequestInit = {}) {
  const headers = { authorization: 'Bearer k', 'content-type': 'application/json' };
  const response = await fetch(`http://127.0.0.1:${inventory.port}${path}`, { headers, ...init });
  return {
    status: response.status,
    body: (await response.json()) as { items: { sku: string; stock: number }[]; next_page_token: string; stock: number },
  };
}

function put(sku: string, stock: unknown) {
  return send(`/v1/stock/${encodeURIComponent(sku)}`, { method: 'PUT', body: JSON.stringify({ stock }) });
}

test('pages hold every item once, in order, the last one without a token', async () => {
  const skus = ['tea/green', 'apple', 'りんご', 'bowl', 'zebra'];
  for (const [index, sku] of skus.entries()) await put(sku, index);
  const seen: string[] = [];
  const sizes: number[] = [];
  let token = '';
  do {
    const { body } = await send(`/v1/stock?page_size=2&page_token=${token}`);
    seen.push(...body.items.map(({ sku }) => sku));
    sizes.push(body.items.length);
    token = body.next_page_token;
  } while (token !== '');
  expect(seen).toEqual([...skus].sort());
  expect(sizes).toEqual([2, 2, 1]);
});

test('stock is replaced, and survives a restart', async () => {
  await put('apple', 5);
  expect((await put('apple', 3)).body).toEqual({ sku: 'apple', stock: 3 });
  await inventory.close();
  inventory = await startInventory({ port: 0, stateDir, clock, key: 'k' });
  expect((await send('/v1/stock')).body).toEqual({ items: [{ sku: 'apple', stock: 3 }], next_page_token: '' });
});

test('wrong keys, sizes, tokens and stocks are refused', async () => {
  expect((await send('/v1/stock', { headers: {} })).status).toBe(401);
  expect((await send('/v1/stock?page_size=-1')).status).toBe(400);
  expect((await send('/v1/stock?page_token=%00')).status).toBe(400);
  expect((await put('apple', -1)).status).toBe(400);
  expect((await put('apple', 'many')).status).toBe(400);
});
