import { createHash } from 'node:crypto';
import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { grpcPath } from '../contracts/methods.ts';
import { type Database, defineStatements, type Querier, type Row, type Statement, type Transaction, type Value } from './database.ts';

/** A request that may be repeated: AIP-155, https://google.aip.dev/155. */
export interface RepeatableRequest<M extends DescMethod> {
  readonly method: M;
  /** Whoever's request it is, such as "customers/alice": ids of different callers never meet. */
  readonly caller: string;
  /** The request's `request_id`. */
  readonly requestId: string;
  readonly request: MessageShape<M['input']>;
}

/** A request id came again with another body. */
export class RequestIdReusedError extends Error {
  override readonly name = 'RequestIdReusedError';
  readonly requestId: string;

  constructor(requestId: string) {
    super(`request_id "${requestId}" was used before with another body`);
    this.requestId = requestId;
  }
}

/** What the effect of a request is: its answer, and statements that are still to run in its transaction. */
export interface Effect<M extends DescMethod> {
  readonly response: MessageInitShape<M['output']>;
  readonly writes: readonly (readonly [Statement, readonly Value[]])[];
}

/** The answer, and whether it was given before. */
export interface Answer<M extends DescMethod> {
  readonly response: MessageShape<M['output']>;
  readonly replayed: boolean;
}

/** Answers of one schema by request id. */
export interface RequestIds {
  /**
   * Runs `effect` in a transaction unless this request was answered before; then gives the first answer again.
   *
   * A first request costs no round trip of its own: its answer is inserted in one batch with `effect`'s writes, before them. Only when that, or `effect`,
   * fails is the stored answer looked for; `effect` must therefore change nothing but through its transaction.
   *
   * @throws {RequestIdReusedError} where the id came before with another body.
   */
  answerOnce<M extends DescMethod>(
    database: Database,
    request: RepeatableRequest<M>,
    effect: (tx: Transaction) => Promise<Effect<M>>,
  ): Promise<Answer<M>>;
  /** The stored answer, or undefined for a request that is new. @throws {RequestIdReusedError} where the id came before with another body. */
  find<M extends DescMethod>(querier: Querier, request: RepeatableRequest<M>): Promise<MessageShape<M['output']> | undefined>;
  /** The statement that stores an answer. A repeated id is a 'unique' violation. */
  insert<M extends DescMethod>(
    request: RepeatableRequest<M>,
    response: MessageInitShape<M['output']>,
  ): readonly [Statement, readonly Value[]];
}

/**
 * Request ids in the table `<schema>.requests (caller text, method text, request_id text, fingerprint text NOT NULL, response bytea NOT NULL,
 * create_time timestamptz NOT NULL, PRIMARY KEY (caller, method, request_id))`, which forgets rows after 24 hours or more.
 */
export function createRequestIds({ schema, now }: { readonly schema: string; readonly now: () => Date }): RequestIds {
  const statements = requestStatements(schema);

  async function find<M extends DescMethod>(
    querier: Querier,
    repeatable: RepeatableRequest<M>,
  ): Promise<MessageShape<M['output']> | undefined> {
    const { method, caller, requestId, request } = repeatable;
    const [row] = await querier.query<StoredAnswer>(statements.findRequest, [caller, grpcPath(method), requestId]);
    if (row === undefined) return undefined;
    if (row.fingerprint !== requestFingerprint(method, request)) throw new RequestIdReusedError(requestId);
    return fromBinary<M['output']>(method.output, row.response);
  }

  function insert<M extends DescMethod>(
    { method, caller, requestId, request }: RepeatableRequest<M>,
    response: MessageInitShape<M['output']>,
  ): readonly [Statement, readonly Value[]] {
    const stored = toBinary(method.output, create<DescMessage>(method.output, response));
    return [statements.insertRequest, [caller, grpcPath(method), requestId, requestFingerprint(method, request), stored, now()]];
  }

  async function answerOnce<M extends DescMethod>(
    database: Database,
    request: RepeatableRequest<M>,
    effect: (tx: Transaction) => Promise<Effect<M>>,
  ): Promise<Answer<M>> {
    try {
      const response = await database.transact(async (tx) => {
        const { response, writes } = await effect(tx);
        await tx.batch([insert(request, response), ...writes]);
        return response;
      });
      return { response: create<M['output']>(request.method.output, response), replayed: false };
    } catch (error) {
      const stored = await find(database, request);
      if (stored === undefined) throw error;
      return { response: stored, replayed: true };
    }
  }

  return { answerOnce, find, insert };
}

interface StoredAnswer extends Row {
  readonly fingerprint: string;
  readonly response: Uint8Array;
}

/** SHA-256 of a request's body, in hexadecimal. */
export function requestFingerprint<M extends DescMethod>(method: M, request: MessageShape<M['input']>): string {
  return createHash('sha256')
    .update(toBinary(method.input, request, { writeUnknownFields: false }))
    .digest('hex');
}

/** The SQL of request ids in this schema. */
export function requestStatements(schema: string) {
  return defineStatements(schema, {
    findRequest: `SELECT fingerprint, response FROM ${schema}.requests WHERE caller = $1 AND method = $2 AND request_id = $3`,
    insertRequest: `INSERT INTO ${schema}.requests (caller, method, request_id, fingerprint, response, create_time) VALUES ($1, $2, $3, $4, $5, $6)`,
  });
}
