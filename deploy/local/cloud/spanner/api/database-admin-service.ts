import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Catalog } from '../ddl/catalog.ts';
import { runLimitedDdl } from '../ddl/ddl-limits.ts';
import { rewriteDdl } from '../ddl/ddl-rewrite.ts';
import { addInterleaveKey } from '../ddl/interleave-key.ts';
import type { Postgres } from '../engine/postgres.ts';
import type { Transactions } from '../transactions/transactions.ts';
import { unary } from './grpc-handlers.ts';
import type { Operations } from './operations.ts';
import { checkRequestSize } from './request-limits.ts';
import { checkedDatabaseId, databaseName, instanceName } from './resource-names.ts';
import type { google } from './spanner-api.ts';
import { invalidArgument } from './spanner-failure.ts';

interface DatabaseAdminOptions {
  readonly postgres: Postgres;
  readonly catalog: Catalog;
  readonly transactions: Transactions;
  readonly operations: Operations;
}

/** google.spanner.admin.database.v1.DatabaseAdmin. Methods that are missing here answer UNIMPLEMENTED. */
export function createDatabaseAdminService(options: DatabaseAdminOptions): UntypedServiceImplementation {
  const { postgres, catalog, transactions, operations } = options;

  /** Statements before the one that fails stay applied, as on Spanner. */
  const applyStatements = (statements: readonly string[]) => {
    for (const statement of statements) {
      const { text, interleave } = rewriteDdl(statement);
      catalog.applyDdl(statement, () => {
        if (text === undefined) return;
        runLimitedDdl(postgres, text, () => {
          postgres.execute(text);
          if (interleave !== undefined) addInterleaveKey(postgres, interleave);
        });
      });
    }
  };

  return {
    ListDatabases: unary((request: google.spanner.admin.database.v1.IListDatabasesRequest) => {
      const { name } = catalog.instance(instanceName(request.parent));
      return { databases: catalog.databases(name).map(toDatabase) };
    }),
    CreateDatabase: unary((request: google.spanner.admin.database.v1.ICreateDatabaseRequest, signal) => {
      checkRequestSize(request);
      const name = databaseName(`${request.parent}/databases/${createdName(request.createStatement)}`);
      if (request.databaseDialect !== 'POSTGRESQL') {
        throw invalidArgument('the local Spanner has the PostgreSQL dialect only: set database_dialect to POSTGRESQL');
      }
      const metadata = { '@type': 'type.googleapis.com/google.spanner.admin.database.v1.CreateDatabaseMetadata', database: name };
      return transactions.exclusively(signal, () => {
        catalog.createDatabase(name);
        return operations.run(name, '', metadata, () => {
          applyStatements(request.extraStatements ?? []);
          return { '@type': 'type.googleapis.com/google.spanner.admin.database.v1.Database', ...toDatabase(name) };
        });
      });
    }),
    GetDatabase: unary((request: google.spanner.admin.database.v1.IGetDatabaseRequest) => toDatabase(existing(request.name))),
    DropDatabase: unary((request: google.spanner.admin.database.v1.IDropDatabaseRequest, signal) =>
      transactions.exclusively(signal, () => {
        catalog.dropDatabase(existing(request.database));
        return {};
      }),
    ),
    UpdateDatabaseDdl: unary((request: google.spanner.admin.database.v1.IUpdateDatabaseDdlRequest, signal) => {
      checkRequestSize(request);
      const database = existing(request.database);
      const statements = request.statements ?? [];
      const metadata = { '@type': 'type.googleapis.com/google.spanner.admin.database.v1.UpdateDatabaseDdlMetadata', database, statements };
      return transactions.exclusively(signal, () =>
        operations.run(database, request.operationId, metadata, () => {
          applyStatements(statements);
          return { '@type': 'type.googleapis.com/google.protobuf.Empty' };
        }),
      );
    }),
    GetDatabaseDdl: unary((request: google.spanner.admin.database.v1.IGetDatabaseDdlRequest) => {
      existing(request.database);
      return transactions.readCommitted(() => ({ statements: catalog.ddl() }));
    }),
  };

  function existing(name: string | null | undefined): string {
    const database = databaseName(name);
    catalog.checkDatabase(database);
    return database;
  }
}

function createdName(statement: string | null | undefined): string {
  const name = /^\s*CREATE\s+DATABASE\s+["`]?([\w-]+)["`]?\s*;?\s*$/i.exec(statement ?? '')?.[1];
  if (name === undefined) throw invalidArgument(`"${statement ?? ''}" is not of the form CREATE DATABASE "name"`);
  return checkedDatabaseId(name);
}

function toDatabase(name: string) {
  return { name, state: 'READY', databaseDialect: 'POSTGRESQL' };
}
