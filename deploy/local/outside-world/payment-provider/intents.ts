import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { HttpProblem } from '../../shared/http/http-problem.ts';
import type { Clock } from '../../shared/local-server.ts';

const rowSchema = z.object({
  id: z.string(),
  status: z.enum(['requires_confirmation', 'authorized', 'declined', 'captured', 'voided', 'refunded']),
  client_token: z.string(),
  amount_micros: z.string(),
  currency: z.string(),
  reference: z.string(),
  sequence: z.int(),
  card: z.string().nullable(),
  metadata: z.string().nullable(),
});

const entrySchema = z.object({
  intent: z.string(),
  reference: z.string(),
  type: z.enum(['authorize', 'capture', 'void', 'refund']),
  amount_micros: z.string(),
  currency: z.string(),
  /** RFC 3339. */
  at: z.string(),
});

type Row = z.infer<typeof rowSchema>;

/** Where a payment is. declined, voided and refunded are final. */
type IntentStatus = Row['status'];

/** The cards of this world. */
export const cards = ['ok', 'declined', 'declined-at-capture'] as const;

/** One of the cards. */
type Card = (typeof cards)[number];

/** A payment as the API shows it. */
export interface Intent {
  readonly id: string;
  readonly status: IntentStatus;
  readonly client_token: string;
  /** Millionths of the currency's unit, as decimal text. */
  readonly amount_micros: string;
  readonly currency: string;
  readonly reference: string;
  /** Grows by one with every change of the intent; the webhooks' order. */
  readonly sequence: number;
  /** What the merchant gave it, to find it back. */
  readonly metadata?: Metadata;
}

/** Texts of the merchant's own, that travel with a payment. */
export type Metadata = Readonly<Record<string, string>>;

/** An entry of the ledger: money that was held, taken, released or given back. */
export type LedgerEntry = Readonly<z.infer<typeof entrySchema>>;

/** Tables of the payments. The ledger refuses every change of what it holds. */
export const intentsSchema = `
  CREATE TABLE IF NOT EXISTS intents (
    id TEXT PRIMARY KEY, status TEXT NOT NULL, client_token TEXT NOT NULL, amount_micros TEXT NOT NULL, currency TEXT NOT NULL,
    reference TEXT NOT NULL, card TEXT, sequence INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS intent_metadata (intent TEXT PRIMARY KEY REFERENCES intents, metadata TEXT NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS intents_by_reference ON intents (reference);
  CREATE TABLE IF NOT EXISTS ledger (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, intent TEXT NOT NULL REFERENCES intents, reference TEXT NOT NULL, type TEXT NOT NULL,
    amount_micros TEXT NOT NULL, currency TEXT NOT NULL, at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS ledger_by_reference ON ledger (reference);
  CREATE TRIGGER IF NOT EXISTS ledger_keeps_rows BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
  CREATE TRIGGER IF NOT EXISTS ledger_keeps_values BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
`;

/** What the merchant can do to a payment. */
export const intentActions = ['capture', 'void', 'refund'] as const;

/** A merchant's action on a payment. */
type IntentAction = (typeof intentActions)[number];

interface Transition {
  /** From which states, and what the ledger says of it. */
  readonly from: ReadonlyMap<IntentStatus, LedgerEntry['type'] | undefined>;
  readonly to: IntentStatus;
}

const transitions: Readonly<Record<IntentAction, Transition>> = {
  capture: { from: new Map([['authorized', 'capture']]), to: 'captured' },
  void: {
    from: new Map([
      ['authorized', 'void'],
      // Nothing is held before the confirmation, so there is nothing to enter.
      ['requires_confirmation', undefined],
    ]),
    to: 'voided',
  },
  refund: { from: new Map([['captured', 'refund']]), to: 'refunded' },
};

/** Payments and their ledger. Call the changing methods inside a transaction. */
interface Intents {
  create(request: {
    readonly amount_micros: string;
    readonly currency: string;
    readonly reference: string;
    readonly metadata?: Metadata | undefined;
  }): Intent;
  /** @throws HttpProblem 404 */
  get(id: string): Intent;
  list(reference: string): Intent[];
  /**
   * The customer's confirmation; repeated with the same card it changes nothing.
   *
   * @throws HttpProblem 404, 403 for a wrong client token, 409 where the payment went on.
   */
  confirm(id: string, clientToken: string, card: Card): Change;
  /** @throws HttpProblem 404, 409 for a wrong state. */
  act(id: string, action: IntentAction): Change | 'declined';
  ledger(reference?: string): LedgerEntry[];
}

/** A payment after a request; `changed` where its status is new. */
export interface Change {
  readonly intent: Intent;
  readonly changed: boolean;
}

/** @see Intents */
export function createIntents(database: DatabaseSync, clock: Clock): Intents {
  const columns = 'id, status, client_token, amount_micros, currency, reference, sequence';
  const entryColumns = 'intent, reference, type, amount_micros, currency, at';
  const insert = database.prepare(`INSERT INTO intents (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)`);
  const insertMetadata = database.prepare('INSERT INTO intent_metadata (intent, metadata) VALUES (?, ?)');
  const select = `SELECT ${columns}, card, metadata FROM intents LEFT JOIN intent_metadata ON intent = id`;
  const find = database.prepare(`${select} WHERE id = ?`);
  const findByReference = database.prepare(`${select} WHERE reference = ? ORDER BY intents.rowid`);
  const update = database.prepare('UPDATE intents SET status = ?, card = coalesce(?, card), sequence = sequence + 1 WHERE id = ?');
  const enter = database.prepare(`INSERT INTO ledger (${entryColumns}) VALUES (?, ?, ?, ?, ?, ?)`);
  const entries = database.prepare(`SELECT ${entryColumns} FROM ledger ORDER BY seq`);
  const entriesByReference = database.prepare(`SELECT ${entryColumns} FROM ledger WHERE reference = ? ORDER BY seq`);

  return {
    create({ amount_micros, currency, reference, metadata }) {
      const id = `pi_${randomBytes(12).toString('hex')}`;
      insert.run(id, 'requires_confirmation', `ct_${randomBytes(24).toString('base64url')}`, amount_micros, currency, reference, 1);
      if (metadata !== undefined) insertMetadata.run(id, JSON.stringify(metadata));
      return get(id);
    },
    get,
    list: (reference) => findByReference.all(reference).map((row) => intentOf(rowSchema.parse(row))),
    confirm(id, clientToken, card) {
      const row = rowOf(id);
      const intent = intentOf(row);
      if (intent.client_token !== clientToken) throw new HttpProblem(403, 'invalid_client_token', `This is not the client token of ${id}.`);
      if (intent.status !== 'requires_confirmation') {
        const repeated = row.card === card && (intent.status === 'authorized' || intent.status === 'declined');
        if (!repeated) throw invalidState(intent, 'confirm');
        return { intent, changed: false };
      }
      return card === 'declined' ? move(intent, 'declined', undefined, card) : move(intent, 'authorized', 'authorize', card);
    },
    act(id, action) {
      const row = rowOf(id);
      const intent = intentOf(row);
      const { from, to } = transitions[action];
      if (!from.has(intent.status)) throw invalidState(intent, action);
      if (action === 'capture' && row.card === 'declined-at-capture') return 'declined';
      return move(intent, to, from.get(intent.status), undefined);
    },
    ledger: (reference) =>
      (reference === undefined ? entries.all() : entriesByReference.all(reference)).map((row) => entrySchema.parse(row)),
  };

  function get(id: string): Intent {
    return intentOf(rowOf(id));
  }

  function rowOf(id: string): Row {
    const row = find.get(id);
    if (row === undefined) throw new HttpProblem(404, 'not_found', `There is no payment intent ${id}.`);
    return rowSchema.parse(row);
  }

  function move(intent: Intent, to: IntentStatus, entry: LedgerEntry['type'] | undefined, card: Card | undefined): Change {
    update.run(to, card ?? null, intent.id);
    if (entry !== undefined) {
      enter.run(intent.id, intent.reference, entry, intent.amount_micros, intent.currency, new Date(clock.now()).toISOString());
    }
    return { intent: get(intent.id), changed: true };
  }
}

function intentOf({ card: _, metadata, ...intent }: Row): Intent {
  return { ...intent, ...(metadata !== null && { metadata: JSON.parse(metadata) }) };
}

function invalidState(intent: Intent, action: string): HttpProblem {
  return new HttpProblem(409, 'invalid_state', `Cannot ${action} ${intent.id}: it is ${intent.status}.`);
}
