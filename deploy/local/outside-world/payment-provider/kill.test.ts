import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../shared/local-server.ts';
import type { Intent } from './intents.ts';
import { startPaymentProvider } from './payment-provider.ts';

const options = (stateDir: string) => ({ port: 0, stateDir, key: 'k', webhookSecret: 's3cret' });

test('every payment that was acknowledged is there after a kill -9', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-yamapay-kill-'));
  const { child, port } = await spawnProvider(stateDir);
  const acknowledged: string[] = [];
  try {
    const clients = Array.from({ length: 8 }, async () => {
      for (;;) {
        acknowledged.push((await create(port)).id);
        if (acknowledged.length === 100) child.kill('SIGKILL');
      }
    });
    await Promise.allSettled(clients);
  } finally {
    child.kill('SIGKILL');
  }
  const provider = await startPaymentProvider({ ...options(stateDir), clock: systemClock });
  const response = await fetch(`http://127.0.0.1:${provider.port}/v1/payment_intents?reference=orders/x`, {
    headers: { authorization: 'Bearer k' },
  });
  const { payment_intents } = (await response.json()) as { payment_intents: Intent[] };
  expect(acknowledged.length).toBeGreaterThanOrEqual(100);
  expect(payment_intents.map(({ id }) => id)).toEqual(expect.arrayContaining(acknowledged));
  await provider.close();
  rmSync(stateDir, { recursive: true });
});

async function spawnProvider(stateDir: string): Promise<{ child: ChildProcess; port: number }> {
  const script = `
    import { systemClock } from '${new URL('../../shared/local-server.ts', import.meta.url)}';
    import { startPaymentProvider } from '${new URL('payment-provider.ts', import.meta.url)}';
    const { port } = await startPaymentProvider({ ...${JSON.stringify(options(stateDir))}, clock: systemClock });
    process.send(port);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}

async function create(port: number): Promise<Intent> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/payment_intents`, {
    method: 'POST',
    headers: { authorization: 'Bearer k', 'idempotency-key': crypto.randomUUID(), 'content-type': 'application/json' },
    body: JSON.stringify({ amount_micros: '1000000', currency: 'JPY', reference: 'orders/x' }),
  });
  return (await response.json()) as Intent;
}
