import { openStore } from '../../shared/store/open-store.ts';
import { type Queue, queueOf, type StoredTask } from './resources.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS queues (name TEXT PRIMARY KEY, spec TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS tasks (
    name TEXT PRIMARY KEY, queue TEXT NOT NULL REFERENCES queues, spec TEXT NOT NULL, body BLOB NOT NULL
  );
  CREATE INDEX IF NOT EXISTS tasks_by_queue ON tasks (queue);
  CREATE TABLE IF NOT EXISTS used_names (name TEXT PRIMARY KEY, until_ms INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS used_names_by_time ON used_names (until_ms);
`;

/** What the local Cloud Tasks keeps on disk. */
export type TasksStore = ReturnType<typeof openTasksStore>;

/** Opens the Cloud Tasks state. */
export function openTasksStore(stateDir: string) {
  const { database, transaction, close } = openStore(stateDir, 'tasks', schema);
  const putQueue = database.prepare('INSERT INTO queues (name, spec) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET spec = excluded.spec');
  const insertTask = database.prepare('INSERT INTO tasks (name, queue, spec, body) VALUES (?, ?, ?, ?)');
  const updateTask = database.prepare('UPDATE tasks SET spec = ? WHERE name = ?');
  const deleteTask = database.prepare('DELETE FROM tasks WHERE name = ?');
  const readTask = database.prepare('SELECT spec, body FROM tasks WHERE name = ?');
  const queueTasks = database.prepare('SELECT spec, body FROM tasks WHERE queue = ? ORDER BY rowid');
  const dropNames = database.prepare('DELETE FROM used_names WHERE until_ms <= ?');
  const useName = database.prepare(
    'INSERT INTO used_names (name, until_ms) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET until_ms = excluded.until_ms',
  );
  const findName = database.prepare('SELECT 1 FROM used_names WHERE name = ?');

  return {
    close,
    queues: (): Queue[] =>
      database
        .prepare('SELECT spec FROM queues')
        .all()
        .map((row) => JSON.parse(String(row['spec']))),
    putQueue: (queue: Queue) => putQueue.run(queue.name, JSON.stringify(queue)),
    insert: ({ body, ...spec }: StoredTask) => insertTask.run(spec.name, queueOf(spec.name), JSON.stringify(spec), body),
    update: ({ body: _, ...spec }: StoredTask) => updateTask.run(JSON.stringify(spec), spec.name),
    /** Removes a task and keeps its name from being used again until `untilMs`. */
    remove: (name: string, untilMs: number) =>
      transaction(() => {
        deleteTask.run(name);
        useName.run(name, untilMs);
      }),
    task: (name: string): StoredTask | undefined => {
      const row = readTask.get(name);
      return row && taskOf(row);
    },
    tasks: (queue: string): StoredTask[] => queueTasks.all(queue).map(taskOf),
    isNameUsed: (name: string, nowMs: number): boolean => {
      dropNames.run(nowMs);
      return findName.get(name) !== undefined;
    },
  };
}

function taskOf(row: Record<string, unknown>): StoredTask {
  // Tasks that an older version stored lack the two.
  return { executionCount: 0, previousResponse: null, ...JSON.parse(String(row['spec'])), body: row['body'] };
}
