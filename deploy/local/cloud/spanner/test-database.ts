import { type Database, Spanner } from '@google-cloud/spanner';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { loadSpannerDefinitions } from './api/spanner-api.ts';
import { type SpannerOptions, type SpannerServer, startSpanner } from './start-spanner.ts';

export const DATABASE = 'projects/kumiko-local/instances/local/databases/kumiko';
const INSTANCE = 'projects/kumiko-local/instances/local';

/** Google's client on a local Spanner. */
export interface TestClient {
  readonly spanner: Spanner;
  readonly database: Database;
  ddl(...statements: string[]): Promise<void>;
  close(): Promise<void>;
}

export interface TestDatabase extends TestClient {
  readonly server: SpannerServer;
}

/** A server with an empty database, and Google's client on it. `close` ends both. */
export async function openTestDatabase(options: Partial<SpannerOptions> = {}, statements: readonly string[] = []): Promise<TestDatabase> {
  const server = await startSpanner({ port: 0, ...options });
  const client = openClient(server.port);
  await createDatabase(client);
  if (statements.length > 0) await client.ddl(...statements);
  const close = async () => {
    await client.close();
    await server.close();
  };
  return { ...client, server, close };
}

/** Google's own client, with nothing changed but where the server is. */
export function openClient(port: number): TestClient {
  process.env['SPANNER_EMULATOR_HOST'] = `127.0.0.1:${port}`;
  process.env['METADATA_SERVER_DETECTION'] = 'none';
  // Read by the client, but missing in its types.
  const options = { projectId: 'kumiko-local', gaxServerStreamingRetries: true };
  const spanner = new Spanner(options);
  const database = spanner.instance('local').database('kumiko');
  database['on']('error', () => {});
  return {
    spanner,
    database,
    ddl: async (...statements) => {
      const [operation] = await spanner.getDatabaseAdminClient().updateDatabaseDdl({ database: DATABASE, statements });
      await operation.promise();
    },
    close: async () => {
      await database.close();
      spanner.close();
    },
  };
}

/** Creates the instance and the database. */
export async function createDatabase({ spanner }: TestClient): Promise<void> {
  const [, instance] = await spanner.createInstance('local', { config: 'local', nodes: 1, displayName: 'local' });
  await instance.promise();
  const [database] = await spanner.getDatabaseAdminClient().createDatabase({
    parent: INSTANCE,
    createStatement: 'CREATE DATABASE "kumiko"',
    databaseDialect: 'POSTGRESQL',
  });
  await database.promise();
}

/** A statement with untyped parameters, as the services send them. */
export function sql(text: string, ...values: readonly unknown[]) {
  const names = values.map((_, index) => `p${index + 1}`);
  return {
    sql: text,
    params: Object.fromEntries(names.map((name, index) => [name, values[index]])),
    types: Object.fromEntries(names.map((name) => [name, 'unspecified'])),
  };
}

/** A call under way. */
export interface RawCall<Response> {
  readonly answer: Promise<Response>;
  cancel(): void;
}

/** google.spanner.v1.Spanner without Google's client, to send what that client sends only after a fault. */
export function openRawClient(port: number) {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const { spanner } = loadSpannerDefinitions();
  const start = <Response>(method: string, request: object): RawCall<Response> => {
    const definition = spanner[method]!;
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const { path, requestSerialize, responseDeserialize } = definition;
    // A call waits for a server that is just being started.
    const metadata = new Metadata({ waitForReady: true });
    const call = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, (error, response) =>
      error === null ? resolve(response as Response) : reject(error),
    );
    return { answer: promise, cancel: () => call.cancel() };
  };
  return {
    start,
    call: <Response>(method: string, request: object) => start<Response>(method, request).answer,
    close: () => client.close(),
  };
}
