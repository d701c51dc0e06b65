import { serviceNames } from '../../services/platform/contracts/services.ts';
import type { GatewayEnvironment } from './environment.ts';
import type { Role } from './gateway-methods.ts';
import { choiceHeader, previewHeader } from './internal-headers.ts';
import type { JsonObject } from './json.ts';
import { providersOf } from './jwt-authn.ts';
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
  return wasmFilter('dynamic-routing', configuration, environment);
}
