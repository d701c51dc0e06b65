import { openStore } from '../../shared/store/open-store.ts';
import type { StoredRevision, StoredService } from './resources.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS services (name TEXT PRIMARY KEY, spec TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS revisions (name TEXT PRIMARY KEY, service TEXT NOT NULL, spec TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS revisions_by_service ON revisions (service);
`;

/** What the local Cloud Run keeps on disk. */
export type ServiceStore = ReturnType<typeof openServiceStore>;

/** Opens the Cloud Run state. */
export function openServiceStore(stateDir: string) {
  const { database, transaction, close } = openStore(stateDir, 'run', schema);
  const allServices = database.prepare('SELECT spec FROM services');
  const putService = database.prepare(
    'INSERT INTO services (name, spec) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET spec = excluded.spec',
  );
  const deleteService = database.prepare('DELETE FROM services WHERE name = ?');
  const deleteRevisions = database.prepare('DELETE FROM revisions WHERE service = ?');
  const readRevision = database.prepare('SELECT spec FROM revisions WHERE name = ?');
  const serviceRevisions = database.prepare('SELECT spec FROM revisions WHERE service = ?');
  const countRevisions = database.prepare('SELECT count(*) AS count FROM revisions WHERE service = ?');
  const insertRevision = database.prepare('INSERT INTO revisions (name, service, spec) VALUES (?, ?, ?)');
  const deleteRevision = database.prepare('DELETE FROM revisions WHERE name = ?');

  return {
    close,
    transaction,
    services: (): StoredService[] => allServices.all().map(specOf<StoredService>),
    putService: (service: StoredService) => putService.run(service.message.name, JSON.stringify(service)),
    /** With all its revisions. */
    removeService: (name: string) =>
      transaction(() => {
        deleteRevisions.run(name);
        deleteService.run(name);
      }),
    revision: (name: string): StoredRevision | undefined => {
      const row = readRevision.get(name);
      return row && specOf<StoredRevision>(row);
    },
    revisions: (service: string): StoredRevision[] => serviceRevisions.all(service).map(specOf<StoredRevision>),
    countRevisions: (service: string): number => Number(countRevisions.get(service)?.['count']),
    insertRevision: (service: string, revision: StoredRevision) =>
      insertRevision.run(revision.message.name, service, JSON.stringify(revision)),
    removeRevision: (name: string) => deleteRevision.run(name),
  };
}

function specOf<T>(row: Record<string, unknown>): T {
  return JSON.parse(String(row['spec'])) as T;
}
