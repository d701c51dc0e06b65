import { Code } from '../../services/platform/contracts/gen/types/google/rpc/code_pb.js';
import { takenByKey } from './filters/jwt-authn.ts';
import { type GatewayEnvironment, hasPreviews } from './gateway-environment.ts';
import { any, type JsonObject } from './json.ts';
import { isRest } from './request-forms.ts';

/** The google.rpc.Code that a REST client is told for each status that Envoy answers with by itself. */
const codes: ReadonlyMap<number, Code> = new Map([
  [400, Code.INVALID_ARGUMENT],
  [401, Code.UNAUTHENTICATED],
  [403, Code.PERMISSION_DENIED],
  [404, Code.NOT_FOUND],
  [405, Code.UNIMPLEMENTED],
  [408, Code.DEADLINE_EXCEEDED],
  [413, Code.OUT_OF_RANGE],
  [429, Code.RESOURCE_EXHAUSTED],
  [431, Code.INVALID_ARGUMENT],
  [500, Code.INTERNAL],
  [502, Code.UNAVAILABLE],
  [503, Code.UNAVAILABLE],
  [504, Code.DEADLINE_EXCEEDED],
]);

/**
 * Answers of the gateway itself look like those of the services: google.rpc.Status as JSON. gRPC requests are left out, since a body format
 * would rewrite their grpc-message.
 */
export function localReplies(environment: GatewayEnvironment): JsonObject {
  return {
    mappers: [
      ...ofAnotherIssuer(),
      ...(hasPreviews(environment) ? noPreview() : []),
      ...[...codes].map(([status, code]) => ({
        filter: allOf(
          {
            status_code_filter: {
              comparison: { op: 'EQ', value: { default_value: status, runtime_key: `local_reply.status_${status}` } },
            },
          },
          isRest,
        ),
        body_format_override: statusBody(code, '%LOCAL_REPLY_BODY%'),
      })),
    ],
  };
}

/** jwt_authn says of a token of another kind of caller that its issuer is not configured, which helps nobody: this says whose tokens the method takes. */
function ofAnotherIssuer(): JsonObject[] {
  const expression = "response.code_details == 'jwt_authn_access_denied{Jwt_issuer_is_not_configured}'";
  const filter = {
    extension_filter: {
      name: 'envoy.access_loggers.extension_filters.cel',
      typed_config: any('envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter', { expression }),
    },
  };
  const message = `this takes %METADATA(ROUTE:${takenByKey.namespace}:${takenByKey.key})%, and the one that came is of another issuer`;
  return [
    { filter: allOf(filter, isRest), body_format_override: statusBody(Code.UNAUTHENTICATED, message) },
    // For gRPC the text becomes grpc-message.
    { filter, body_format_override: { text_format_source: { inline_string: message } } },
  ];
}

/** What a token is told that asks for a preview which there is not: no cluster (NC) has its name. */
function noPreview(): JsonObject[] {
  const noCluster = { response_flag_filter: { flags: ['NC'] } };
  const message = 'the token asks for a preview that does not exist';
  return [
    { filter: allOf(noCluster, isRest), body_format_override: statusBody(Code.UNAVAILABLE, message) },
    { filter: noCluster, body_format_override: { text_format_source: { inline_string: message } } },
  ];
}

function allOf(...filters: readonly JsonObject[]): JsonObject {
  return { and_filter: { filters: [...filters] } };
}

function statusBody(code: Code, message: string): JsonObject {
  return { json_format: { code, message, details: [] }, content_type: 'application/json' };
}
