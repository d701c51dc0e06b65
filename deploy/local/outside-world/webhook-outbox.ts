import { createHmac, randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import type { JsonValue } from '@bufbuild/protobuf';
import { maskedFields } from '../cloud/messages/mask-fields.ts';
import type { DeliveryMishaps } from '../cloud/push/delivery-faults.ts';
import type { Clock } from '../shared/local-server.ts';

/** Tables that `createWebhookOutbox` needs. */
export const webhookOutboxSchema = `
  CREATE TABLE IF NOT EXISTS webhook_outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, attempts INTEGER NOT NULL, next_attempt_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS webhook_sent (
    seq INTEGER PRIMARY KEY, body TEXT NOT NULL, attempts INTEGER NOT NULL, answer INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS webhook_outbox_by_time ON webhook_outbox (next_attempt_ms);
`;

const maxInFlight = 16;
/** Of those that were accepted, the newest, for people who want to send one again. */
const keptSent = 200;
const attemptTimeoutMs = 10_000;
const minBackoffMs = 250;
const maxBackoffMs = 5_000;

/** How a webhook is. */
interface WebhookStatus {
  readonly seq: number;
  /** The event's own id. */
  readonly id: string;
  readonly type: string;
  readonly attempts: number;
  /** The HTTP status of the last answer, 0 for none; undefined while it waits. */
  readonly answer: number | undefined;
  readonly isWaiting: boolean;
  /** What was sent, masked. */
  readonly body: JsonValue;
}

/** Sends signed webhooks until the receiver answers 2xx. */
export interface WebhookOutbox {
  /** Stores an event, in the caller's transaction where one is open. Call `wake` after the commit. */
  add(type: string, data: unknown): void;
  /** Sends what is due. */
  wake(): void;
  /** Sends to this URL from now on, beginning at once with all that waits; undefined holds everything back. */
  setUrl(url: string | undefined): void;
  /** What waits and what was accepted of late, the newest first. */
  list(): WebhookStatus[];
  /** Sends one of them once more, with a signature that is good or not, and resolves with the status of the answer, 0 for none. undefined: it is not kept. */
  sendAgain(seq: number, signature: 'good' | 'broken'): Promise<number | undefined>;
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
  const keep = database.prepare(
    'INSERT INTO webhook_sent (seq, body, attempts, answer) VALUES (?, ?, ?, ?) ON CONFLICT (seq) DO UPDATE SET attempts = excluded.attempts, answer = excluded.answer',
  );
  const forget = database.prepare('DELETE FROM webhook_sent WHERE seq <= (SELECT max(seq) FROM webhook_sent) - ?');
  const known = database.prepare(`SELECT seq, body, attempts, NULL AS answer, 1 AS waiting FROM webhook_outbox
    UNION ALL SELECT seq, body, attempts, answer, 0 FROM webhook_sent ORDER BY seq DESC LIMIT 200`);
  const one = database.prepare('SELECT body FROM webhook_outbox WHERE seq = ?1 UNION ALL SELECT body FROM webhook_sent WHERE seq = ?1');
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
    list: () =>
      known.all().map((row) => {
        const body = JSON.parse(String(row['body'])) as { id: string; type: string };
        const { id, type } = body;
        const answer = row['answer'] === null ? undefined : Number(row['answer']);
        return {
          seq: Number(row['seq']),
          id,
          type,
          attempts: Number(row['attempts']),
          answer,
          isWaiting: row['waiting'] === 1,
          body: maskedFields(body),
        };
      }),
    async sendAgain(seq, signature) {
      const body = one.get(seq)?.['body'];
      return body === undefined || url === undefined ? undefined : post(url, String(body), signature);
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
    const status = await post(to, body, 'good');
    const accepted = status >= 200 && status < 300 && !answerIsLost;
    if (accepted) {
      keep.run(seq, body, attempts + 1, status);
      forget.run(keptSent);
      remove.run(seq);
    } else postpone.run(clock.now() + Math.min(minBackoffMs * 2 ** attempts, maxBackoffMs), seq);
    inFlight.delete(seq);
    wake();
  }

  /** The status of the answer, 0 for none. */
  async function post(to: string, body: string, quality: 'good' | 'broken'): Promise<number> {
    const t = seconds();
    const signature = createHmac('sha256', quality === 'good' ? secret : randomBytes(32))
      .update(`${t}.${body}`)
      .digest('hex');
    try {
      const response = await fetch(to, {
        method: 'POST',
        headers: { 'content-type': 'application/json', [header]: `t=${t},v1=${signature}` },
        body,
        signal: AbortSignal.any([stop.signal, AbortSignal.timeout(attemptTimeoutMs)]),
      });
      await response.body?.cancel();
      return response.status;
    } catch {
      return 0;
    }
  }

  function seconds(): number {
    return Math.floor(clock.now() / 1000);
  }
}
