import * as z from 'zod';
import { routeMatch, stringMatcher } from '../config/matcher-config.ts';
import { dataSource, duration, list, uint } from '../config/read-config.ts';
import { normalizeAudience } from './jwt-token.ts';

const name = z.string().min(1);
const audience = z.string().transform(normalizeAudience);

const remoteJwks = z.strictObject({
  http_uri: z.strictObject({ uri: z.url(), cluster: name, timeout: duration }),
  cache_duration: duration.default(600_000),
  async_fetch: z.strictObject({ fast_listener: z.boolean().default(false), failed_refetch_duration: duration.optional() }).optional(),
  retry_policy: z
    .strictObject({
      retry_back_off: z.strictObject({ base_interval: duration, max_interval: duration.optional() }).optional(),
      num_retries: uint.default(1),
    })
    .optional(),
});

/** envoy.extensions.filters.http.jwt_authn.v3.JwtProvider. */
const provider = z
  .strictObject({
    issuer: z.string().default(''),
    audiences: list(audience),
    subjects: stringMatcher.optional(),
    require_expiration: z.boolean().default(false),
    max_lifetime: duration.optional(),
    remote_jwks: remoteJwks.optional(),
    local_jwks: dataSource.optional(),
    forward: z.boolean().default(false),
    from_headers: list(z.strictObject({ name: name.toLowerCase(), value_prefix: z.string().default('') })),
    from_params: list(name),
    forward_payload_header: z.string().toLowerCase().default(''),
    pad_forward_payload_header: z.boolean().default(false),
    payload_in_metadata: z.string().default(''),
    header_in_metadata: z.string().default(''),
    clock_skew_seconds: uint.default(60),
    jwt_cache_config: z.strictObject({ jwt_cache_size: uint.default(100), jwt_max_token_size: uint.default(4096) }).optional(),
    claim_to_headers: list(z.strictObject({ header_name: name.toLowerCase(), claim_name: name })),
    clear_route_cache: z.boolean().default(false),
  })
  .refine(
    (value) => (value.remote_jwks === undefined) !== (value.local_jwks === undefined),
    'exactly one of remote_jwks, local_jwks is needed',
  );
/** A parsed provider. */
export type ProviderConfig = z.output<typeof provider>;

/** A parsed envoy.extensions.filters.http.jwt_authn.v3.JwtRequirement. */
export type RequirementConfig =
  | { provider_name: string }
  | { provider_and_audiences: { provider_name: string; audiences: string[] } }
  | { requires_any: { requirements: RequirementConfig[] } }
  | { requires_all: { requirements: RequirementConfig[] } }
  | { allow_missing: Record<string, never> }
  | { allow_missing_or_failed: Record<string, never> };

const several: z.ZodType<{ requirements: RequirementConfig[] }> = z.lazy(() =>
  z.strictObject({ requirements: z.array(requirement).min(2) }),
);
const requirement: z.ZodType<RequirementConfig> = z.lazy(() =>
  z.union([
    z.strictObject({ provider_name: name }),
    z.strictObject({ provider_and_audiences: z.strictObject({ provider_name: name, audiences: list(audience) }) }),
    z.strictObject({ requires_any: several }),
    z.strictObject({ requires_all: several }),
    z.strictObject({ allow_missing: z.strictObject({}) }),
    z.strictObject({ allow_missing_or_failed: z.strictObject({}) }),
  ]),
) as z.ZodType<RequirementConfig>;

/** envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication. */
export const jwtAuthentication = z.strictObject({
  providers: z.record(name, provider).default({}),
  rules: list(z.strictObject({ match: routeMatch, requires: requirement.optional(), requirement_name: name.optional() })),
  requirement_map: z.record(name, requirement).default({}),
  bypass_cors_preflight: z.boolean().default(false),
  strip_failure_response: z.boolean().default(false),
});

/** envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig. */
export const jwtPerRoute = z.union([z.strictObject({ disabled: z.literal(true) }), z.strictObject({ requirement_name: name })]);
