import { openStore, type Store } from '../../shared/store/open-store.ts';

/** A run of the platform. */
export interface Run {
  readonly run: number;
  /** When it began, in milliseconds since the epoch. */
  readonly startedMs: number;
}

const schema = `
  CREATE TABLE IF NOT EXISTS runs (run INTEGER PRIMARY KEY AUTOINCREMENT, started_ms INTEGER NOT NULL UNIQUE) STRICT;
  CREATE TABLE IF NOT EXISTS spans (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, trace TEXT NOT NULL, id TEXT NOT NULL, parent TEXT, service TEXT NOT NULL, name TEXT NOT NULL,
    kind TEXT NOT NULL, start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, failed INTEGER NOT NULL, attributes TEXT NOT NULL, links TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS spans_by_trace ON spans (trace, start_us);
  CREATE TABLE IF NOT EXISTS records (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, kind TEXT NOT NULL, resource TEXT NOT NULL, trace TEXT NOT NULL, at_ms INTEGER NOT NULL,
    spec TEXT NOT NULL, bytes INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS records_by_trace ON records (trace);
  CREATE INDEX IF NOT EXISTS records_by_kind ON records (kind, resource, seq);
`;

/** What was observed of the platform, over its runs. */
export interface RunStore extends Store {
  /** The run that goes on. */
  readonly current: number;
  /** All that anything is known of, the newest first. */
  runs(): Run[];
}

/**
 * Opens `<stateDir>/observed.sqlite`.
 *
 * @param startedMs when the run began: a process that is started again within it belongs to it.
 */
export function openRunStore(stateDir: string, startedMs: number): RunStore {
  const store = openStore(stateDir, 'observed', schema);
  const { database } = store;
  database.prepare('INSERT INTO runs (started_ms) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM runs WHERE started_ms = ?1)').run(startedMs);
  const current = Number(database.prepare('SELECT run FROM runs WHERE started_ms = ?').get(startedMs)?.['run']);
  // Of runs whose spans are forgotten nothing is known.
  database.exec(`DELETE FROM runs WHERE run < coalesce((SELECT min(run) FROM spans), ${current}) AND run < ${current}`);
  const list = database.prepare('SELECT run, started_ms FROM runs ORDER BY run DESC');
  return {
    ...store,
    current,
    runs: () => list.all().map((row) => ({ run: Number(row['run']), startedMs: Number(row['started_ms']) })),
  };
}
