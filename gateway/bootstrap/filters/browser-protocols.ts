import type { Role } from '../gateway-methods.ts';
import { any } from '../json.ts';

/**
 * gRPC-Web (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md) and Connect with binary messages (https://connectrpc.com/docs/protocol),
 * both as gRPC from here on. Connect with JSON is not translated by Envoy: REST is there for that. Of Connect's errors the details' types keep the prefix
 * of their URL, and what the gateway answers by itself comes as plain HTTP: gRPC-Web has neither fault.
 */
export function browserProtocols(role: Role) {
  if (role === 'jobs') return [];
  return [
    { name: 'envoy.filters.http.grpc_web', typed_config: any('envoy.extensions.filters.http.grpc_web.v3.GrpcWeb') },
    {
      name: 'envoy.filters.http.connect_grpc_bridge',
      typed_config: any('envoy.extensions.filters.http.connect_grpc_bridge.v3.FilterConfig'),
    },
  ];
}
