import type { SQLOutputValue } from 'node:sqlite';
import { openStore } from '../../shared/store/open-store.ts';
import type { Span } from './span.ts';

/** What a list says of a trace. */
export interface TraceSummary {
  readonly trace: string;
  /** Its first call that is known. */
  readonly name: string;
  readonly service: string;
  /** Microseconds since the epoch. */
  readonly startUs: number;
  readonly endUs: number;
  readonly spans: number;
  readonly failed: number;
}

/** Spans, the newest of them. */
export interface SpanStore {
  add(spans: readonly Span[]): void;
  /** The spans of a trace by their start; the trace may be named by the first digits of its id. */
  trace(id: string): Span[];
  /** The newest traces, with `mention` those of which a span has an attribute of this value. */
  latest(limit: number, mention?: string): TraceSummary[];
  close(): void;
}

const schema = `
  CREATE TABLE IF NOT EXISTS spans (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, trace TEXT NOT NULL, id TEXT NOT NULL, parent TEXT, service TEXT NOT NULL, name TEXT NOT NULL,
    kind TEXT NOT NULL, start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, failed INTEGER NOT NULL, attributes TEXT NOT NULL, links TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS spans_by_trace ON spans (trace, start_us);
`;

/** The first call of a service says what a trace is about, the gateway's span before it only that there was one. */
const telling = `kind = 'server' DESC, name = 'ingress', start_us, seq`;

/** About 20 MB. */
const keptSpans = 50_000;

/** Opens `<stateDir>/traces.sqlite`. */
export function openSpanStore(stateDir: string, kept = keptSpans): SpanStore {
  const { database, transaction, close } = openStore(stateDir, 'traces', schema);
  const insert = database.prepare(
    'INSERT INTO spans (trace, id, parent, service, name, kind, start_us, end_us, failed, attributes, links) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const forget = database.prepare('DELETE FROM spans WHERE seq <= (SELECT max(seq) FROM spans) - ?');
  const ofTrace = database.prepare(`SELECT * FROM spans WHERE trace >= ? AND trace < ? || 'g' ORDER BY trace, start_us, seq`);
  const summaries = database.prepare(`
    SELECT trace, min(start_us) AS start_us, max(end_us) AS end_us, count(*) AS spans, sum(failed) AS failed,
      (SELECT name FROM spans f WHERE f.trace = s.trace ORDER BY ${telling} LIMIT 1) AS name,
      (SELECT service FROM spans f WHERE f.trace = s.trace ORDER BY ${telling} LIMIT 1) AS service
    FROM spans s
    WHERE ?1 IS NULL OR trace IN (SELECT m.trace FROM spans m, json_each(m.attributes) a WHERE a.value = ?1)
    GROUP BY trace ORDER BY min(start_us) DESC LIMIT ?2`);

  return {
    add: (spans) =>
      transaction(() => {
        for (const span of spans) {
          insert.run(
            span.trace,
            span.id,
            span.parent ?? null,
            span.service,
            span.name,
            span.kind,
            span.startUs,
            span.endUs,
            Number(span.failed),
            JSON.stringify(span.attributes),
            JSON.stringify(span.links),
          );
        }
        forget.run(kept);
      }),
    trace(id) {
      const spans = ofTrace.all(id, id).map(spanOf);
      return spans.filter(({ trace }) => trace === spans[0]!.trace);
    },
    latest: (limit, mention) => summaries.all(mention ?? null, limit).map(summaryOf),
    close,
  };
}

type Row = Record<string, SQLOutputValue>;

function spanOf(row: Row): Span {
  return {
    trace: String(row['trace']),
    id: String(row['id']),
    parent: row['parent'] === null ? undefined : String(row['parent']),
    service: String(row['service']),
    name: String(row['name']),
    kind: row['kind'] as Span['kind'],
    startUs: Number(row['start_us']),
    endUs: Number(row['end_us']),
    failed: row['failed'] === 1,
    attributes: JSON.parse(String(row['attributes'])),
    links: JSON.parse(String(row['links'])),
  };
}

function summaryOf(row: Row): TraceSummary {
  return {
    trace: String(row['trace']),
    name: String(row['name']),
    service: String(row['service']),
    startUs: Number(row['start_us']),
    endUs: Number(row['end_us']),
    spans: Number(row['spans']),
    failed: Number(row['failed']),
  };
}
