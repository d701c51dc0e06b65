import type { Spanner, Database as SpannerDatabase } from '@google-cloud/spanner';
import { context, ProxyTracerProvider } from '@opentelemetry/api';
import type { AuthClient } from 'google-auth-library';
import { serviceAccount } from '../identity/service-account.ts';

/** Where a database is. */
export interface DatabaseAddress {
  readonly project: string;
  /** The Spanner instance's id. */
  readonly instance: string;
  /** The database's id. */
  readonly database: string;
  /** The role that limits what the sessions may do (fine-grained access control); undefined in the local cloud, which has no roles. */
  readonly role?: string | undefined;
}

/**
 * The longest that each call may take, its repetitions included: they are spent inside requests. Google's own limits go from half a minute to an hour.
 * A call that is repeated after a lost connection has no second effect: Spanner knows statements by their sequence number and commits by transaction.
 */
const methods = {
  CreateSession: { timeout_millis: 5_000 },
  BatchCreateSessions: { timeout_millis: 5_000 },
  BeginTransaction: { timeout_millis: 5_000 },
  ExecuteStreamingSql: { timeout_millis: 30_000 },
  ExecuteBatchDml: { timeout_millis: 5_000 },
  Commit: { timeout_millis: 10_000 },
  Rollback: { timeout_millis: 2_000 },
};

/**
 * The one place that makes a Spanner client. It reads SPANNER_EMULATOR_HOST itself. Loaded on demand: the client takes about 80 ms to import, and a
 * service binds its port first.
 *
 * @param authClient whom it calls as; by default whoever Google's libraries find, as for a migration.
 */
export async function createSpannerClient(project: string, authClient?: AuthClient): Promise<Spanner> {
  const { Spanner } = await import('@google-cloud/spanner');
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
  // Where nobody keeps the context, as in a migration, the client would do so by hooks of every asynchronous step, an eighth of the CPU time. A service has its own already.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const options = {
    projectId: project,
    ...(authClient !== undefined && { authClient }),
    // The database port makes the spans, one for each query or transaction; the client's own are many and say less.
    observabilityOptions: { tracerProvider: new ProxyTracerProvider() },
    // Without gax's own retries for streams, a statement that fails before the response's headers is repeated for six seconds before it is reported.
    gaxServerStreamingRetries: true,
    clientConfig: { interfaces: { 'google.spanner.v1.Spanner': { methods } } },
    // gRPC would wait up to two minutes before it looks whether a lost server is back.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2_000,
  };
  return new Spanner(options);
}

/** Connects to a database. Nothing is sent before the first use but the request for a session. */
export async function connectSpanner(address: DatabaseAddress): Promise<{ spanner: Spanner; database: SpannerDatabase }> {
  const spanner = await createSpannerClient(address.project, await serviceAccount());
  const database = spanner.instance(address.instance).database(address.database, undefined, undefined, address.role);
  // Sessions are kept in the background, and an 'error' event without a listener ends the process. The statement that needs the session fails by itself.
  database['on']('error', () => {});
  return { spanner, database };
}
