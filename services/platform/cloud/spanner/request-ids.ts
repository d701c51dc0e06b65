import { createHash } from 'node:crypto';
import { type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { invalidArgument } from '../../chassis/errors/rpc-error.ts';
import { type Database, defineStatements, type Statement, type Transaction, type Value } from './database.ts';

/**
 * A request that may come again (AIP-155, https://google.aip.dev/155). Its answer is kept in the table `<schema>.requests (caller text, method text,
 * request_id text, fingerprint text NOT NULL, response bytea NOT NULL, create_time timestamptz NOT NULL, PRIMARY KEY (caller, method, request_id))`.
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
export interface Effect {
  /** The response message in the binary format. */
  readonly response: Uint8Array;
  readonly writes: readonly (readonly [Statement, readonly Value[]])[];
}

/** SHA-256 of a request message, in hexadecimal. */
export function requestFingerprint<D extends DescMessage>(desc: D, request: MessageShape<D>): string {
  return createHash('sha256')
    .update(toBinary(desc, request, { writeUnknownFields: false }))
    .digest('hex');
}

/** @throws {RpcError} INVALID_ARGUMENT where the stored fingerprint is of another body. */
export function sameRequest(key: RequestKey, storedFingerprint: string): void {
  if (storedFingerprint === key.fingerprint) return;
  throw invalidArgument('request_id was used before with another body', [
    { field: 'request_id', description: 'was used before with another body: use a new UUID for a new request' },
  ]);
}

/** The statement that stores an answer. A request id that has one already is a 'unique' violation. */
export function requestInsert(schema: string, key: RequestKey, response: Uint8Array, now: Date): readonly [Statement, readonly Value[]] {
  return [requestStatements(schema).insertRequest, [key.caller, key.method, key.requestId, key.fingerprint, response, now]];
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
    const rows = await database.query<{ fingerprint: string; response: Uint8Array }>(requestStatements(schema).findRequest, [
      key.caller,
      key.method,
      key.requestId,
    ]);
    const [stored] = rows;
    if (stored === undefined) throw error;
    sameRequest(key, stored.fingerprint);
    return { response: stored.response, replayed: true };
  }
}

/** The SQL of request ids in this schema. */
export function requestStatements(schema: string) {
  return defineStatements(schema, {
    findRequest: `SELECT fingerprint, response FROM ${schema}.requests WHERE caller = $1 AND method = $2 AND request_id = $3`,
    insertRequest: `INSERT INTO ${schema}.requests (caller, method, request_id, fingerprint, response, create_time) VALUES ($1, $2, $3, $4, $5, $6)`,
  });
}
