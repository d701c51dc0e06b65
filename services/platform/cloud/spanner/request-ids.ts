import { createHash } from 'node:crypto';
import { type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { invalidArgument } from '../../chassis/errors/rpc-error.ts';
import { type Database, defineStatements, type Transaction, type Write } from './database.ts';
import { bytes, text, timestamp } from './tables/columns.ts';
import { perSchema } from './tables/per-schema.ts';
import { insert, select } from './tables/statements.ts';
import { table } from './tables/table.ts';

/**
 * A request that may come again (AIP-155, https://google.aip.dev/155). Its answer is kept in the table `requests` of a schema, as `requestsOf`
 * defines it.
 */
export interface RequestKey {
  /** Whose request it is: ids of different callers never meet. */
  readonly caller: string;
  readonly method: string;
  /** The request's `request_id`. */
  readonly requestId: string;
  /** Of the request's body. */
  readonly fingerprint: string;
}

/** What a request does: its answer, and statements that are still to run in its transaction. */
interface Effect {
  /** The response message in the binary format. */
  readonly response: Uint8Array;
  readonly writes: readonly Write[];
}

/** SHA-256 of a request message, in hexadecimal. */
export function requestFingerprint<D extends DescMessage>(desc: D, request: MessageShape<D>): string {
  return createHash('sha256')
    .update(toBinary(desc, request, { writeUnknownFields: false }))
    .digest('hex');
}

/** @throws {RpcError} INVALID_ARGUMENT where the stored fingerprint is of another body. */
function sameRequest(key: RequestKey, storedFingerprint: string): void {
  if (storedFingerprint === key.fingerprint) return;
  throw invalidArgument('request_id was used before with another body', [
    { field: 'request_id', description: 'was used before with another body: use a new UUID for a new request' },
  ]);
}

/** The statement that stores an answer. A request id that has one already is a 'unique' violation. */
export function requestInsert(schema: string, key: RequestKey, response: Uint8Array, now: Date): Write {
  return requestStatements(schema).insertRequest.with({ ...key, response, createTime: now });
}

/**
 * Runs `effect` in a transaction unless the request was answered before, and returns its answer or the first one's.
 *
 * For requests that do not read their row together with others. A first request still costs no round trip of its own: the answer is inserted in one batch
 * with the writes, and looked for only when that, or `effect`, fails. So `effect` changes nothing but through its transaction.
 *
 * @throws {RpcError} INVALID_ARGUMENT where the id came before with another body.
 */
export async function answerOnce(
  { schema, database, now }: { readonly schema: string; readonly database: Database; readonly now: Date },
  key: RequestKey,
  effect: (tx: Transaction) => Promise<Effect>,
): Promise<{ readonly response: Uint8Array; readonly replayed: boolean }> {
  try {
    const response = await database.transact(async (tx) => {
      const { response, writes } = await effect(tx);
      await tx.batch([requestInsert(schema, key, response, now), ...writes]);
      return response;
    });
    return { response, replayed: false };
  } catch (error) {
    const { caller, method, requestId } = key;
    const stored = await requestStatements(schema).findRequest.first(database, { caller, method, requestId });
    if (stored === undefined) throw error;
    sameRequest(key, stored.fingerprint);
    return { response: stored.response, replayed: true };
  }
}

/** The answers to requests, in the schema of their service. */
export const requestsOf = perSchema((schema) =>
  table(schema, 'requests', {
    key: ['caller', 'method', 'requestId'],
    columns: {
      caller: text('caller'),
      method: text('method'),
      requestId: text('request_id'),
      fingerprint: text('fingerprint'),
      response: bytes('response'),
      createTime: timestamp('create_time'),
    },
  }),
);

/** The SQL of request ids in this schema. */
export const requestStatements = perSchema((schema) => {
  const requests = requestsOf(schema);
  return defineStatements(schema, {
    findRequest: select(
      requests.pick('fingerprint', 'response'),
      'WHERE caller = $caller AND method = $method AND request_id = $requestId',
    ),
    insertRequest: insert(requests),
  });
});
