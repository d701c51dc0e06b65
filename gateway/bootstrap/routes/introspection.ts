import type { GatewayEnvironment } from '../gateway-environment.ts';
import type { Role } from '../gateway-methods.ts';

/** What describes an API to its callers, and says whether it serves. None of it says anything that the protos do not. */
const paths = [
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
  '/grpc.health.v1.Health/Check',
  '/grpc.health.v1.Health/Watch',
];

/** What a gateway passes on to anybody besides its methods, and to which service. */
interface Introspection {
  readonly paths: readonly string[];
  readonly upstream: string;
}

/** Undefined where it is closed. */
export function introspectionOf(role: Role, { introspection }: GatewayEnvironment): Introspection | undefined {
  return role === 'edge' && introspection !== undefined ? { paths, upstream: introspection } : undefined;
}
