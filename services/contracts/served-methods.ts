import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The names of a gRPC service and its methods. */
export interface ServedService {
  /** Such as "kumiko.customer.v1.CustomerService". */
  readonly typeName: string;
  readonly methods: readonly { readonly name: string; readonly serverStreaming: boolean }[];
}

/** The file that `npm run build` makes from the descriptor set: to read that takes ten times as long as to bind a port. */
const file = join(import.meta.dirname, 'gen/served-methods.json');

/** The gRPC services of a workload, without their messages: enough to bind a port for them. */
export function servedServices(workload: string): ServedService[] {
  const services = JSON.parse(readFileSync(file, 'utf8')) as ServedService[];
  return services.filter(({ typeName }) => typeName.startsWith(`kumiko.${workload}.`));
}
