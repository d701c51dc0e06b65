import { randomUUID } from 'node:crypto';
import { status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { bindStatement, runBound, type StatementRequest } from './bound-statement.ts';
import type { Catalog } from './catalog.ts';
import { type Micros, toTimestamp } from './commit-time.ts';
import { serverStream, statusOf, unary } from './grpc-handlers.ts';
import { applyMutations } from './mutations.ts';
import type { Postgres } from './postgres.ts';
import { readStatement } from './read-statement.ts';
import { databaseName, databaseOfSession } from './resource-names.ts';
import { type StatementResult, toPartialResultSets, toResultSet } from './result-sets.ts';
import type { google, Mutation } from './spanner-api.ts';
import { invalidArgument } from './spanner-failure.ts';
import { statementKind } from './statement-kind.ts';
import { beginTransaction, inScope, type Scoped, type StatementScope } from './statement-scope.ts';
import type { Transactions } from './transactions.ts';

export interface SpannerServiceOptions {
  readonly postgres: Postgres;
  readonly catalog: Catalog;
  readonly transactions: Transactions;
  readonly now: () => Micros;
  /** Whether an error of a stream comes after headers. */
  readonly headersBeforeError: boolean;
}

/** google.spanner.v1.Spanner. Methods that are missing here answer UNIMPLEMENTED. */
export function createSpannerService(options: SpannerServiceOptions): UntypedServiceImplementation {
  const { postgres, catalog, transactions, now, headersBeforeError } = options;

  /** Sessions hold nothing: any session of an existing database is as good as another, also after a restart. */
  const checkSession = (session: string | null | undefined) => catalog.checkDatabase(databaseOfSession(session));

  const newSession = (database: string, template: google.spanner.v1.ISession | null | undefined): google.spanner.v1.ISession => {
    const createTime = toTimestamp(now());
    return { ...template, name: `${database}/sessions/${randomUUID()}`, createTime, approximateLastUseTime: createTime };
  };

  const runStatement = (scope: StatementScope, request: StatementRequest, sequence: string | undefined): StatementResult => {
    const kind = statementKind(request.sql ?? '');
    if (kind === 'other') throw invalidArgument('the statement is neither a query nor DML');
    const run = () => runBound(postgres, bindStatement(postgres, request));
    const answer = kind === 'query' ? scope.read(run) : scope.write(sequence, run);
    if (kind === 'query') return { columns: answer.columns, answer };
    return { columns: answer.columns, answer, count: scope.exactCounts ? 'exact' : 'lower-bound' };
  };

  const executeSql = (request: google.spanner.v1.IExecuteSqlRequest, signal: AbortSignal): Promise<Scoped<StatementResult>> => {
    checkSession(request.session);
    return inScope(transactions, request.transaction, now, signal, (scope) => {
      if (request.queryMode !== 'PLAN') return runStatement(scope, request, request.seqno?.toString());
      return scope.read(() => postgres.prepare(request.sql ?? ''));
    });
  };

  const read = (request: google.spanner.v1.IReadRequest, signal: AbortSignal): Promise<Scoped<StatementResult>> => {
    checkSession(request.session);
    return inScope(transactions, request.transaction, now, signal, (scope) =>
      scope.read(() => {
        const answer = runBound(postgres, readStatement(postgres, request));
        return { columns: answer.columns, answer };
      }),
    );
  };

  const executeBatchDml = async (request: google.spanner.v1.IExecuteBatchDmlRequest, signal: AbortSignal) => {
    checkSession(request.session);
    const { value, transaction } = await inScope(transactions, request.transaction, now, signal, (scope) => {
      const results: StatementResult[] = [];
      for (const [index, statement] of (request.statements ?? []).entries()) {
        try {
          if (statementKind(statement.sql ?? '') !== 'dml') throw invalidArgument(`statement ${index} of the batch is not DML`);
          results.push(runStatement(scope, statement, request.seqno == null ? undefined : `${request.seqno}.${index}`));
        } catch (error) {
          const { code, message } = statusOf(error);
          // Only a batch that got somewhere answers with the counts so far; the client must see ABORTED as the call's own status.
          if (results.length === 0 || code === status.ABORTED) throw error;
          return { results, failure: { code, message } };
        }
      }
      return { results, failure: undefined };
    });
    const resultSets = value.results.map((result, index) => toResultSet(result, index === 0 ? transaction : undefined));
    return { resultSets, status: value.failure ?? { code: status.OK } };
  };

  const commit = async (request: google.spanner.v1.ICommitRequest, signal: AbortSignal): Promise<google.spanner.v1.ICommitResponse> => {
    checkSession(request.session);
    const id = request.transactionId?.length ? Buffer.from(request.transactionId as Uint8Array).toString() : undefined;
    const before = id === undefined ? undefined : transactions.committedBefore(id);
    if (before !== undefined) return { commitTimestamp: toTimestamp(before) };
    const transaction = id === undefined ? transactions.begin() : transactions.get(id);
    const mutations = request.mutations ?? [];
    await transactions.hold(transaction, signal);
    const apply = mutations.length === 0 ? undefined : (time: Micros) => applyMutations(postgres, mutations, time);
    const commitTime = transactions.commit(transaction, apply);
    const stats = request.returnCommitStats ? { commitStats: { mutationCount: countMutations(mutations) } } : {};
    return { commitTimestamp: toTimestamp(commitTime), ...stats };
  };

  return {
    CreateSession: unary((request: google.spanner.v1.ICreateSessionRequest) => {
      const database = databaseName(request.database);
      catalog.checkDatabase(database);
      return newSession(database, request.session);
    }),
    BatchCreateSessions: unary((request: google.spanner.v1.IBatchCreateSessionsRequest) => {
      const database = databaseName(request.database);
      catalog.checkDatabase(database);
      const session = Array.from({ length: request.sessionCount ?? 1 }, () => newSession(database, request.sessionTemplate));
      return { session };
    }),
    GetSession: unary((request: google.spanner.v1.IGetSessionRequest) => {
      checkSession(request.name);
      return { name: request.name };
    }),
    DeleteSession: unary((request: google.spanner.v1.IDeleteSessionRequest) => {
      checkSession(request.name);
      return {};
    }),
    ExecuteSql: unary(async (request: google.spanner.v1.IExecuteSqlRequest, signal) => {
      const { value, transaction } = await executeSql(request, signal);
      return toResultSet(value, transaction);
    }),
    ExecuteStreamingSql: serverStream(async (request: google.spanner.v1.IExecuteSqlRequest, signal) => {
      const { value, transaction } = await executeSql(request, signal);
      return toPartialResultSets(value, transaction);
    }, headersBeforeError),
    ExecuteBatchDml: unary(executeBatchDml),
    Read: unary(async (request: google.spanner.v1.IReadRequest, signal) => {
      const { value, transaction } = await read(request, signal);
      return toResultSet(value, transaction);
    }),
    StreamingRead: serverStream(async (request: google.spanner.v1.IReadRequest, signal) => {
      const { value, transaction } = await read(request, signal);
      return toPartialResultSets(value, transaction);
    }, headersBeforeError),
    BeginTransaction: unary((request: google.spanner.v1.IBeginTransactionRequest) => {
      checkSession(request.session);
      return beginTransaction(transactions, request.options, now);
    }),
    Commit: unary(commit),
    Rollback: unary((request: google.spanner.v1.IRollbackRequest) => {
      checkSession(request.session);
      transactions.rollback(Buffer.from(request.transactionId as Uint8Array).toString());
      return {};
    }),
  };
}

/** A mutation counts once for each column that it writes, or for each key that it deletes. */
function countMutations(mutations: readonly Mutation[]): number {
  return mutations.reduce((count, { insert, update, insertOrUpdate, replace, delete: removal }) => {
    const write = insert ?? update ?? insertOrUpdate ?? replace;
    return count + (write == null ? (removal?.keySet?.keys?.length ?? 0) : (write.values?.length ?? 0) * (write.columns?.length ?? 0));
  }, 0);
}
