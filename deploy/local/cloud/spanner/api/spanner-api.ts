import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { google } from '@google-cloud/spanner-api/build/protos/protos.js';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { measured } from '../../google-api/request-size.ts';

export type { google };

export type ExecuteSqlRequest = google.spanner.v1.IExecuteSqlRequest;
export type Type = google.spanner.v1.IType;
export type ResultSetMetadata = google.spanner.v1.IResultSetMetadata;
export type TransactionSelector = google.spanner.v1.ITransactionSelector;
export type Mutation = google.spanner.v1.IMutation;
export type KeySet = google.spanner.v1.IKeySet;
export type Value = google.protobuf.IValue;

/** The services that the local Spanner answers, by their gRPC definitions. */
export interface SpannerDefinitions {
  readonly spanner: ServiceDefinition;
  readonly instanceAdmin: ServiceDefinition;
  readonly databaseAdmin: ServiceDefinition;
  readonly operations: ServiceDefinition;
}

/** Loads the definitions that Google's own client was generated from, out of its package. */
export function loadSpannerDefinitions(): SpannerDefinitions {
  const require = createRequire(import.meta.url);
  // The package is a dependency of @google-cloud/spanner: looked up from there, so that it need not be hoisted.
  const fromClient = createRequire(require.resolve('@google-cloud/spanner'));
  const json = JSON.parse(readFileSync(fromClient.resolve('@google-cloud/spanner-api/build/protos/protos.json'), 'utf8'));
  // Google's internal test executor: a third of the file, and no part of the API.
  delete json.nested.google.nested.spanner.nested.executor;
  const loaded = fromJSON(json, { longs: String, enums: String, arrays: true });
  const service = (name: string): ServiceDefinition => {
    const definition = loaded[name];
    if (definition === undefined || 'format' in definition) throw new Error(`@google-cloud/spanner-api has no service ${name}`);
    return measured(definition);
  };
  return {
    spanner: service('google.spanner.v1.Spanner'),
    instanceAdmin: service('google.spanner.admin.instance.v1.InstanceAdmin'),
    databaseAdmin: service('google.spanner.admin.database.v1.DatabaseAdmin'),
    operations: service('google.longrunning.Operations'),
  };
}
