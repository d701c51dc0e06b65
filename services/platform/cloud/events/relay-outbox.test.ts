import { expect, test } from 'vitest';
import { createLogger } from '../../chassis/telemetry/logger.ts';
import type { Outbox, PublishResult } from './outbox.ts';
import { relayOutbox } from './relay-outbox.ts';

async function relayed(result: PublishResult, left: Awaited<ReturnType<Outbox['backlog']>>): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const outbox = { publishPending: async () => result, backlog: async () => left } as unknown as Outbox;
  const logger = createLogger({ service: 'customer', level: 'info', destination });
  await relayOutbox(outbox, 10, { logger, deadline: new Date() });
  return lines;
}

test('every run says what is left, also where nothing is', async () => {
  expect(await relayed({ published: 2, failed: 0 }, { rows: 0, lagSeconds: 0 })).toEqual([
    expect.objectContaining({ severity: 'INFO', service: 'customer', published: 2, outboxRows: 0, outboxLagSeconds: 0 }),
  ]);
});

test('what could not be published is told with its reason, and counted among what is left', async () => {
  const failed = { published: 0, failed: 1, error: new Error('Pub/Sub is down') };
  expect(await relayed(failed, { rows: 3, lagSeconds: 61.5 })).toEqual([
    expect.objectContaining({ severity: 'WARNING', failed: 1, err: expect.objectContaining({ message: 'Pub/Sub is down' }) }),
    expect.objectContaining({ outboxRows: 3, outboxLagSeconds: 61.5 }),
  ]);
});
