import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The largest request message of a method that says nothing of it: 1 MiB. */
export const defaultMaxRequestBytes = 1_048_576;

/** A method as proto-loader reads it off the descriptor set, without its messages. */
export interface ServedMethodDefinition {
  readonly name: string;
  /** Such as "/kumiko.customer.v1.CustomerService/GetDeal". */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /** The largest request message, in bytes. */
  readonly maxRequestBytes: number;
}

/** A gRPC service and its methods. */
export interface ServedService {
  /** Such as "kumiko.customer.v1.CustomerService". */
  readonly typeName: string;
  readonly methods: readonly ServedMethodDefinition[];
}

/** The file that `npm run build` makes by proto-loader: to run that at every start would take ten times as long as to bind a port. */
const file = join(import.meta.dirname, 'gen/served-methods.json');
let loaded: readonly ServedService[] | undefined;

function services(): readonly ServedService[] {
  loaded ??= JSON.parse(readFileSync(file, 'utf8')) as ServedService[];
  return loaded;
}

/** The gRPC services of a workload: enough to bind a port for them. */
export function servedServices(workload: string): ServedService[] {
  return services().filter(({ typeName }) => typeName.startsWith(`kumiko.${workload}.`));
}

/** One gRPC service of ours. @throws {Error} for another one, or where the build is of other protos. */
export function servedService(typeName: string): ServedService {
  const service = services().find((candidate) => candidate.typeName === typeName);
  if (service === undefined) throw new Error(`${typeName} is not in ${file}: run "npm run build"`);
  return service;
}
