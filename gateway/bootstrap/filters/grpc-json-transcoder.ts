import type { GatewayEnvironment } from '../gateway-environment.ts';
import type { GatewayMethod } from '../gateway-methods.ts';
import { any, type JsonObject } from '../json.ts';
import { maxRestBytes } from './body-limit.ts';

/** The filter's name. */
export const transcoderName = 'envoy.filters.http.grpc_json_transcoder';

/** Turns REST into gRPC by google.api.http. The route cache is cleared, so that the route of the gRPC path decides from here on. */
export function grpcJsonTranscoder(environment: GatewayEnvironment, methods: readonly GatewayMethod[]): JsonObject {
  return {
    name: transcoderName,
    typed_config: any('envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder', {
      proto_descriptor: environment.descriptorFile,
      services: [...new Set(methods.map(({ desc }) => desc.parent.typeName))],
      // Streams as one JSON document for each line: an array cannot be read before it ends.
      print_options: { stream_newline_delimited: true },
      convert_grpc_status: true,
      request_validation_options: {
        // 404 for what no template matches; unmapped requests would reach the router untouched.
        reject_unknown_method: true,
        reject_unknown_query_parameters: true,
        reject_binding_body_field_collisions: true,
      },
      // As every client library writes a space in a query: filters have some.
      query_param_unescape_plus: true,
      // For google.api.HttpBody, which it keeps whole.
      max_request_body_size: Math.max(...methods.map(maxRestBytes)),
      max_response_body_size: 4_194_304,
    }),
  };
}
