import { createHmac, randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import type { DeliveryMishaps } from '../cloud/push/delivery-faults.ts';
import type { Clock } from '../shared/local-server.ts';

/** Tables that `createWebhookOutbox` needs. */
export const webhookOutboxSchema = `
  CREATE TABLE IF NOT EXISTS webhook_outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, attempts INTEGER NOT NULL, next_attempt_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS webhook_outbox_by_time ON webhook_outbox (next_attempt_ms);
`;

const maxInFlight = 16;
const attemptTimeoutMs = 10_000;
const minBackoffMs = 250;
const maxBackoffMs = 5_000;

/** Sends signed webhooks until the receiver answers 2xx. */
export interface WebhookOutbox {
  /** Stores an event, in the caller's transaction where one is open. Call `wake` after the commit. */
  add(type: string, data: unknown): void;
  /** Sends what is due. */
  wake(): void;
  /** Sends to this URL from now on, beginning at once with all that waits; undefined holds everything back. */
  setUrl(url: string | undefined): void;
  /** Stops sending and waits for attempts that are under way. */
  close(): Promise<void>;
}

/**
 * Sends from a table, so that nothing is lost by a restart. Each attempt is signed anew, `<header>: t=<unix seconds>,v1=<hex HMAC-SHA256
 * of "<t>.<body>">`, so that a late one is inside the receiver's replay window. Order is not kept: the data carries a sequence.
 */
export function createWebhookOutbox(options: {
  readonly database: DatabaseSync;
  readonly clock: Clock;
  readonly header: string;
  readonly secret: string;
  readonly url: string | undefined;
  /** What goes wrong on the way, in drills. */
  readonly mishaps?: DeliveryMishaps | undefined;
}): WebhookOutbox {
  const { database, clock, header, secret } = options;
  const insert = database.prepare('INSERT INTO webhook_outbox (body, attempts, next_attempt_ms) VALUES (?, 0, ?)');
  const due = database.prepare('SELECT seq, body, attempts, next_attempt_ms FROM webhook_outbox ORDER BY next_attempt_ms, seq LIMIT ?');
  const postpone = database.prepare('UPDATE webhook_outbox SET attempts = attempts + 1, next_attempt_ms = ? WHERE seq = ?');
  const remove = database.prepare('DELETE FROM webhook_outbox WHERE seq = ?');
  const hurry = database.prepare('UPDATE webhook_outbox SET attempts = 0, next_attempt_ms = ?');
  const stop = new AbortController();
  const inFlight = new Map<number, Promise<void>>();
  let url = options.url;
  let cancelTimer = () => {};

  hurry.run(clock.now());
  wake();

  return {
    add(type, data) {
      const event = { id: `evt_${randomBytes(12).toString('hex')}`, type, created: seconds(), data };
      insert.run(JSON.stringify(event), clock.now());
    },
    wake,
    setUrl(next) {
      url = next;
      hurry.run(clock.now());
      wake();
    },
    async close() {
      stop.abort();
      cancelTimer();
      await Promise.all(inFlight.values());
    },
  };

  function wake(): void {
    cancelTimer();
    if (url === undefined || stop.signal.aborted) return;
    for (const row of due.all(maxInFlight * 2)) {
      const seq = Number(row['seq']);
      if (inFlight.has(seq)) continue;
      if (inFlight.size >= maxInFlight) return;
      const waitMs = Number(row['next_attempt_ms']) - clock.now();
      if (waitMs > 0) {
        cancelTimer = clock.schedule(waitMs, wake);
        return;
      }
      inFlight.set(seq, attempt(url, seq, String(row['body']), Number(row['attempts'])));
    }
  }

  async function attempt(to: string, seq: number, body: string, attempts: number): Promise<void> {
    const { delayMs = 0, answerIsLost = false } = options.mishaps?.next() ?? {};
    if (delayMs > 0) await delay(delayMs, undefined, { signal: stop.signal }).catch(() => {});
    const accepted = (await post(to, body)) && !answerIsLost;
    if (accepted) remove.run(seq);
    else postpone.run(clock.now() + Math.min(minBackoffMs * 2 ** attempts, maxBackoffMs), seq);
    inFlight.delete(seq);
    wake();
  }

  async function post(to: string, body: string): Promise<boolean> {
    const t = seconds();
    const signature = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
    try {
      const response = await fetch(to, {
        method: 'POST',
        headers: { 'content-type': 'application/json', [header]: `t=${t},v1=${signature}` },
        body,
        signal: AbortSignal.any([stop.signal, AbortSignal.timeout(attemptTimeoutMs)]),
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }

  function seconds(): number {
    return Math.floor(clock.now() / 1000);
  }
}
