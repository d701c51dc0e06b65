import { serviceNames } from '../../../services/platform/contracts/services.ts';
import type { GatewayEnvironment } from '../gateway-environment.ts';
import type { Role } from '../gateway-methods.ts';
import { choiceHeader, previewHeader } from '../internal-headers.ts';
import { any, type JsonObject } from '../json.ts';
import { jwtAuthnName, providersOf } from './jwt-authn.ts';
import { skipWhere } from './skip-where.ts';
import { wasmFilter } from './wasm-filter.ts';

/** The claim in which a token asks for previews: {"partner": "pr-123"}. */
const claim = 'kumiko_preview';

/**
 * Turns the choice of previews into one header for each service, whichever gateway serves it: a request that comes in at the edge may go on as a
 * task. At the edge the token says it. Google's trigger tokens cannot: at the jobs gateway a task brings the choice that it was created with.
 */
export function dynamicRouting(role: Role, environment: GatewayEnvironment): JsonObject {
  const configuration = {
    payloads: providersOf[role],
    ...(role === 'edge' && { claim }),
    choice_header: choiceHeader,
    headers: Object.fromEntries(serviceNames.map((name) => [name, previewHeader(name)])),
    // By http-connection-manager.ts, which has that from headersToStrip.
    stripped_early: true,
  };
  const filter = wasmFilter('dynamic-routing', configuration, environment);
  return role === 'edge' ? whereAsked(filter) : filter;
}

/** Runs it only where a verified token has the claim, which few have: a call into wasm costs more than the look at the metadata. */
function whereAsked(filter: JsonObject): JsonObject {
  const hasClaim = (payload: string): JsonObject => ({
    single_predicate: {
      input: {
        name: 'claim',
        typed_config: any('envoy.extensions.matching.common_inputs.network.v3.DynamicMetadataInput', {
          filter: jwtAuthnName,
          path: [{ key: payload }, { key: claim }],
        }),
      },
      custom_match: {
        name: 'present',
        typed_config: any('envoy.extensions.matching.input_matchers.metadata.v3.Metadata', { value: { present_match: true } }),
      },
    },
  });
  return {
    name: 'dynamic-routing',
    typed_config: any('envoy.extensions.common.matching.v3.ExtensionWithMatcher', {
      extension_config: filter,
      xds_matcher: skipWhere({ not_matcher: { or_matcher: { predicate: providersOf.edge.map(hasClaim) } } }),
    }),
  };
}
