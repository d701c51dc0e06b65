import type { Spanner, Database as SpannerDatabase } from '@google-cloud/spanner';

/** Where a database is. */
export interface DatabaseAddress {
  readonly project: string;
  /** The Spanner instance's id. */
  readonly instance: string;
  /** The database's id. */
  readonly database: string;
}

/**
 * The one place that makes a Spanner client. It reads SPANNER_EMULATOR_HOST itself. Loaded on demand: the client takes about 80 ms to import, and a
 * service binds its port first.
 */
export async function createSpannerClient(project: string): Promise<Spanner> {
  const { Spanner } = await import('@google-cloud/spanner');
  // Without gax's own retries for streams, a statement that fails before the response's headers is repeated for six seconds before it is reported.
  const options = { projectId: project, gaxServerStreamingRetries: true };
  return new Spanner(options);
}

/** Connects to a database. Nothing is sent before the first use but the request for a session. */
export async function connectSpanner(address: DatabaseAddress): Promise<{ spanner: Spanner; database: SpannerDatabase }> {
  const spanner = await createSpannerClient(address.project);
  const database = spanner.instance(address.instance).database(address.database);
  // Sessions are kept in the background, and an 'error' event without a listener ends the process. The statement that needs the session fails by itself.
  database.on('error', () => {});
  return { spanner, database };
}
