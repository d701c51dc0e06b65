import type { SQLOutputValue } from 'node:sqlite';
import type { RunStore } from './run-store.ts';

/** What was seen pass between two parts of the platform, masked. */
export interface NewRecord<Spec extends object = object> {
  /** "call" of a service, or what the local cloud or the outside world sent: "event", "task", "schedule". */
  readonly kind: string;
  /** The method, the subscription, the queue, the job. */
  readonly resource: string;
  /** 32 hex digits, or nothing. */
  readonly trace: string;
  /** When it began, in milliseconds since the epoch. */
  readonly atMs: number;
  /** All that is to be shown of it. */
  readonly spec: Spec;
}

/** A record as it was kept. */
export interface KeptRecord extends NewRecord {
  readonly seq: number;
  readonly run: number;
}

/** Records, the newest of them. */
export interface RecordStore {
  add(records: readonly NewRecord[]): void;
  /** Those of a trace, in the order in which they were added. */
  ofTrace(trace: string): KeptRecord[];
  /** The newest first: of kinds, of one resource where it is told, with a text in them where it is told. */
  newest(of: {
    readonly kinds: readonly string[];
    readonly resource?: string;
    readonly mention?: string;
    readonly limit: number;
  }): KeptRecord[];
  /** The number of the newest record. */
  lastSeq(): number;
}

/** What records may take on disk, about. */
const keptBytes = 32 << 20;

/** @see RecordStore */
export function openRecordStore({ database, transaction, current }: RunStore, kept = keptBytes): RecordStore {
  const insert = database.prepare('INSERT INTO records (run, kind, resource, trace, at_ms, spec, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)');
  const oldest = database.prepare('SELECT seq, bytes FROM records ORDER BY seq LIMIT 200');
  const forget = database.prepare('DELETE FROM records WHERE seq <= ?');
  const ofTrace = database.prepare('SELECT * FROM records WHERE trace = ? ORDER BY seq LIMIT 2000');
  const newest = database.prepare(`SELECT * FROM records WHERE kind IN (SELECT value FROM json_each(?1)) AND (?2 = '' OR resource = ?2)
    AND (?3 = '' OR spec LIKE ?3 ESCAPE '\\') ORDER BY seq DESC LIMIT ?4`);
  const last = database.prepare('SELECT coalesce(max(seq), 0) AS seq FROM records');
  let total = Number(database.prepare('SELECT coalesce(sum(bytes), 0) AS total FROM records').get()?.['total']);

  return {
    add: (records) =>
      transaction(() => {
        for (const { kind, resource, trace, atMs, spec } of records) {
          const text = JSON.stringify(spec);
          insert.run(current, kind, resource, trace, Math.round(atMs), text, text.length);
          total += text.length;
        }
        while (total > kept) {
          const rows = oldest.all();
          const last = rows.at(-1);
          if (last === undefined) return;
          forget.run(Number(last['seq']));
          total -= rows.reduce((sum, row) => sum + Number(row['bytes']), 0);
        }
      }),
    ofTrace: (trace) => ofTrace.all(trace).map(recordOf),
    newest: ({ kinds, resource = '', mention, limit }) =>
      newest.all(JSON.stringify(kinds), resource, mention === undefined ? '' : likePattern(mention), limit).map(recordOf),
    lastSeq: () => Number(last.get()?.['seq']),
  };
}

/** What a text has to be like in order to contain this one. */
export function likePattern(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
}

function recordOf(row: Record<string, SQLOutputValue>): KeptRecord {
  return {
    seq: Number(row['seq']),
    run: Number(row['run']),
    kind: String(row['kind']),
    resource: String(row['resource']),
    trace: String(row['trace']),
    atMs: Number(row['at_ms']),
    spec: JSON.parse(String(row['spec'])) as object,
  };
}
