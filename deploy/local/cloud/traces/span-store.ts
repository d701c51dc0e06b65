import type { SQLOutputValue } from 'node:sqlite';
import { likePattern } from './record-store.ts';
import type { RunStore } from './run-store.ts';
import { type Span, spanKinds } from './span.ts';
import type { TraceTerm } from './trace-query.ts';
import type { TraceSummary } from './trace-summary.ts';

/** Spans, the newest of them. */
export interface SpanStore {
  add(spans: readonly Span[]): void;
  /** The spans of a trace by their start; the trace may be named by the first digits of its id. */
  trace(id: string, most?: number): Span[];
  /** The newest traces, with `mention` those of which a span has an attribute of this value. */
  latest(limit: number, mention?: string): TraceSummary[];
  /** The newest traces that have all of the terms; of one run, and with a span of a service, where that is told. */
  search(of: {
    readonly terms: readonly TraceTerm[];
    readonly run?: number | undefined;
    readonly throughService?: string | undefined;
    readonly limit: number;
  }): TraceSummary[];
  /** Those that ended after this time, in microseconds since the epoch: the newest of them first, a few thousand at most. */
  endedSince(endUs: number): Span[];
  /** The number of the newest span. */
  lastSeq(): number;
}

/** The first call of a service says what a trace is about, the gateway's span before it only that there was one. */
const telling = `kind = 'server' DESC, name = 'ingress', start_us, seq`;

/** About 20 MB. */
const keptSpans = 50_000;

/** What a list says of a trace, but for its name. */
const listed = `trace, min(start_us) AS start_us, max(end_us) AS end_us, count(*) AS spans, sum(failed) AS failed, max(run) AS run`;

/** Spans in a store of what was observed. */
export function openSpanStore({ database, transaction, current }: RunStore, kept = keptSpans): SpanStore {
  const insert = database.prepare(
    'INSERT INTO spans (run, trace, id, parent, service, name, kind, start_us, end_us, failed, attributes, links) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const forget = database.prepare('DELETE FROM spans WHERE seq <= (SELECT max(seq) FROM spans) - ?');
  const last = database.prepare('SELECT coalesce(max(seq), 0) AS seq FROM spans');
  const ofTrace = database.prepare(`SELECT * FROM spans WHERE trace >= ? AND trace < ? || 'g' ORDER BY trace, start_us, seq LIMIT ?`);
  const newest = database.prepare(`SELECT trace FROM spans WHERE (?1 = '' OR service = ?1) AND (?2 = 0 OR run = ?2) ORDER BY seq DESC`);
  const ended = database.prepare('SELECT * FROM spans WHERE end_us > ? ORDER BY seq DESC LIMIT 5000');

  return {
    add: (spans) =>
      transaction(() => {
        for (const span of spans) {
          insert.run(
            current,
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
    trace(id, most = kept) {
      const spans = ofTrace.all(id, id, most).map(spanOf);
      return spans.filter(({ trace }) => trace === spans[0]?.trace);
    },
    latest: (limit, mention) =>
      summaries('trace IN (SELECT m.trace FROM spans m, json_each(m.attributes) a WHERE a.value = ?)', mention, limit),
    search({ terms, run, throughService, limit }) {
      if (terms.length === 0) return listNewest(run, throughService, limit);
      const wanted = terms.map(conditionOf);
      if (throughService !== undefined) wanted.push({ sql: 'service = ?', values: [throughService] });
      if (run !== undefined) wanted.push({ sql: 'run = ?', values: [run] });
      const sql = wanted.map((condition) => `SELECT trace FROM spans WHERE ${condition.sql}`).join(' INTERSECT ');
      const where = sql === '' ? '' : `WHERE trace IN (${sql})`;
      const values = wanted.flatMap((condition) => condition.values);
      return list(where, values, limit);
    },
    endedSince: (endUs) => ended.all(endUs).map(spanOf),
    lastSeq: () => Number(last.get()?.['seq']),
  };

  /** Reads from the newest span back only as far as the list goes: a page asks for this again and again while spans come in. */
  function listNewest(run: number | undefined, throughService: string | undefined, limit: number): TraceSummary[] {
    const traces = new Set<string>();
    for (const row of newest.iterate(throughService ?? '', run ?? 0)) {
      traces.add(String(row['trace']));
      if (traces.size === limit) break;
    }
    return list('WHERE trace IN (SELECT value FROM json_each(?))', [JSON.stringify([...traces])], limit);
  }

  function summaries(condition: string, mention: string | undefined, limit: number): TraceSummary[] {
    return mention === undefined ? list('', [], limit) : list(`WHERE ${condition}`, [mention], limit);
  }

  /** Looked up by name only for those that are listed. */
  function list(where: string, values: readonly (string | number)[], limit: number): TraceSummary[] {
    const sql = `WITH hit AS (SELECT ${listed} FROM spans ${where} GROUP BY trace ORDER BY min(start_us) DESC LIMIT ?)
      SELECT hit.*, (SELECT name FROM spans f WHERE f.trace = hit.trace ORDER BY ${telling} LIMIT 1) AS name,
        (SELECT service FROM spans f WHERE f.trace = hit.trace ORDER BY ${telling} LIMIT 1) AS service
      FROM hit ORDER BY start_us DESC`;
    return database
      .prepare(sql)
      .all(...values, limit)
      .map(summaryOf);
  }
}

interface Condition {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

function conditionOf(term: TraceTerm): Condition {
  switch (term.kind) {
    case 'text': {
      const like = likePattern(term.text);
      const sql = `(attributes LIKE ? ESCAPE '\\' OR name LIKE ? ESCAPE '\\' OR service LIKE ? ESCAPE '\\' OR trace LIKE ? ESCAPE '\\')`;
      return { sql, values: [like, like, like, like.slice(1)] };
    }
    case 'attribute':
      return {
        sql: 'EXISTS (SELECT 1 FROM json_each(attributes) WHERE key = ? AND CAST(value AS TEXT) = ?)',
        values: [term.name, term.value],
      };
    case 'service':
      return { sql: 'service = ?', values: [term.name] };
    case 'longer':
      return { sql: 'end_us - start_us >= ?', values: [term.us] };
    case 'shorter':
      return { sql: 'end_us - start_us <= ?', values: [term.us] };
    case 'failed':
      return { sql: 'failed = 1', values: [] };
  }
}

type Row = Record<string, SQLOutputValue>;

function spanOf(row: Row): Span {
  return {
    trace: String(row['trace']),
    id: String(row['id']),
    parent: row['parent'] === null ? undefined : String(row['parent']),
    service: String(row['service']),
    name: String(row['name']),
    kind: spanKinds.find((kind) => kind === row['kind']) ?? 'unspecified',
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
    run: Number(row['run']),
  };
}
