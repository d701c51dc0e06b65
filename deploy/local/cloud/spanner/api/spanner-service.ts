import { randomUUID } from 'node:crypto';
import { status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { requestBytes } from '../../google-api/request-size.ts';
import type { Catalog } from '../ddl/catalog.ts';
import type { Postgres } from '../engine/postgres.ts';
import { bindStatement, runBound, type StatementRequest } from '../sql/bound-statement.ts';
import { readStatement } from '../sql/read-statement.ts';
import { type StatementResult, toPartialResultSets, toResultSet } from '../sql/result-sets.ts';
import { statementKind } from '../sql/statement-kind.ts';
import { beginTransaction, inScope, type Scoped, type StatementScope } from '../sql/statement-scope.ts';
import { type Micros, toTimestamp } from '../transactions/commit-time.ts';
import { checkDmlMutations, checkMutationCount, countMutations } from '../transactions/mutation-count.ts';
import { applyMutations } from '../transactions/mutations.ts';
import type { Transactions } from '../transactions/transactions.ts';
import { serverStream, statusOf, unary } from './grpc-handlers.ts';
import { checkCommitSize, checkRequestSize, checkStatementSize } from './request-limits.ts';
import { databaseName, databaseOfSession } from './resource-names.ts';
import type { google } from './spanner-api.ts';
import { invalidArgument } from './spanner-failure.ts';

interface SpannerServiceOptions {
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

  /** `bytes` is what the client has sent for a statement that writes. */
  const runStatement = (scope: StatementScope, request: StatementRequest, sequence: string | undefined, bytes: number): StatementResult => {
    const kind = statementKind(request.sql ?? '');
    if (kind === 'other') throw invalidArgument('the statement is neither a query nor DML');
    checkStatementSize(request);
    const run = () => runBound(postgres, bindStatement(postgres, request));
    if (kind === 'query') {
      const answer = scope.read(run);
      return { columns: answer.columns, answer };
    }
    const answer = scope.write(sequence, bytes, () => {
      const written = run();
      if (scope.exactCounts) checkDmlMutations(postgres, request.sql ?? '', written.rowCount);
      return written;
    });
    return { columns: answer.columns, answer, count: scope.exactCounts ? 'exact' : 'lower-bound' };
  };

  const executeSql = (request: google.spanner.v1.IExecuteSqlRequest, signal: AbortSignal): Promise<Scoped<StatementResult>> => {
    checkSession(request.session);
    checkRequestSize(request);
    return inScope(transactions, request.transaction, now, signal, (scope) => {
      if (request.queryMode !== 'PLAN') return runStatement(scope, request, request.seqno?.toString(), requestBytes(request));
      checkStatementSize(request);
      return scope.read(() => postgres.prepare(request.sql ?? ''));
    });
  };

  const read = (request: google.spanner.v1.IReadRequest, signal: AbortSignal): Promise<Scoped<StatementResult>> => {
    checkSession(request.session);
    checkRequestSize(request);
    return inScope(transactions, request.transaction, now, signal, (scope) =>
      scope.read(() => {
        const answer = runBound(postgres, readStatement(postgres, request));
        return { columns: answer.columns, answer };
      }),
    );
  };

  const executeBatchDml = async (request: google.spanner.v1.IExecuteBatchDmlRequest, signal: AbortSignal) => {
    checkSession(request.session);
    checkRequestSize(request);
    const { value, transaction } = await inScope(transactions, request.transaction, now, signal, (scope) => {
      const results: StatementResult[] = [];
      for (const [index, statement] of (request.statements ?? []).entries()) {
        try {
          if (statementKind(statement.sql ?? '') !== 'dml') throw invalidArgument(`statement ${index} of the batch is not DML`);
          const sequence = request.seqno == null ? undefined : `${request.seqno}.${index}`;
          results.push(runStatement(scope, statement, sequence, index === 0 ? requestBytes(request) : 0));
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
    const id = request.transactionId?.length ? Buffer.from(request.transactionId).toString() : undefined;
    const before = id === undefined ? undefined : transactions.committedBefore(id);
    if (before !== undefined) return { commitTimestamp: toTimestamp(before) };
    const transaction = id === undefined ? transactions.begin() : transactions.get(id);
    const mutations = request.mutations ?? [];
    await transactions.hold(transaction, signal);
    let mutationCount = 0;
    const apply = (time: Micros) => {
      checkCommitSize(transaction.writtenBytes + requestBytes(request));
      mutationCount = countMutations(postgres, mutations);
      checkMutationCount(mutationCount);
      applyMutations(postgres, mutations, time);
    };
    const commitTime = transactions.commit(transaction, apply, mutations.length > 0);
    const stats = request.returnCommitStats ? { commitStats: { mutationCount } } : {};
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
      transactions.rollback(Buffer.from(request.transactionId ?? '').toString());
      return {};
    }),
  };
}
