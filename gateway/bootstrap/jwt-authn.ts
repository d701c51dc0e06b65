import { audienceOf } from '../../services/platform/contracts/identities.ts';
import { jwksCluster } from './clusters.ts';
import type { GatewayEnvironment } from './environment.ts';
import type { GatewayAccess, GatewayMethod, Role } from './gateway-methods.ts';
import { compareTemplates, templateRegex } from './http-template.ts';
import { introspectionOf } from './introspection.ts';
import { any, type JsonObject } from './json.ts';
import { hasPreviews } from './previews.ts';

/** The filter's name: also the namespace of the payloads that it leaves in the dynamic metadata. */
export const jwtAuthnName = 'envoy.filters.http.jwt_authn';

/** Who needs a token, and so names a provider and the key of its payload in the dynamic metadata. */
export type TokenAccess = Exclude<GatewayAccess, 'public'>;

/** The providers of each gateway, and the names of their payloads. */
export const providersOf = { edge: ['customer', 'partner', 'operator'], jobs: ['trigger'] } as const satisfies Record<
  Role,
  readonly TokenAccess[]
>;

/** Whose tokens each kind of caller presents. */
export function identityOf(access: TokenAccess): keyof GatewayEnvironment['identity'] {
  return access === 'customer' || access === 'partner' ? access : 'google';
}

/**
 * Verifies tokens. It runs before the transcoder, so each method has a rule for its gRPC path and one for each REST path; the first rule
 * that matches decides, and the last asks for any token, because a path that no rule matches would go through unverified. That this agrees
 * with what the transcoder makes of a path is not needed for safety: rbac asks for the right payload on the gRPC path again.
 */
export function jwtAuthn(role: Role, environment: GatewayEnvironment, methods: readonly GatewayMethod[]): JsonObject {
  const accesses = providersOf[role];
  const anyToken = accesses.map((access) => ({ provider_name: access }));
  const requirement = (access: GatewayAccess): JsonObject => {
    if (access !== 'public') return { requires: { provider_name: access } };
    // A rule without a requirement is how Envoy says that no token is looked at. Where there are previews, a token may ask for one of them.
    return hasPreviews(environment) ? { requires: { requires_any: { requirements: [...anyToken, { allow_missing_or_failed: {} }] } } } : {};
  };
  return {
    name: jwtAuthnName,
    typed_config: any('envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', {
      providers: Object.fromEntries(accesses.map((access) => [access, provider(access, environment)])),
      rules: [
        ...restRules(methods, requirement),
        ...methods.map(({ grpcPath, access }) => ({ match: { path: grpcPath }, ...requirement(access) })),
        ...(introspectionOf(role, environment)?.paths ?? []).map((path) => ({ match: { path } })),
        {
          match: { prefix: '/' },
          // "requires_any" needs two items at least.
          requires: anyToken.length === 1 ? anyToken[0] : { requires_any: { requirements: anyToken } },
        },
      ],
      // Preflights carry no token; the cors filter has answered those of known origins.
      bypass_cors_preflight: false,
    }),
  };
}

function restRules(methods: readonly GatewayMethod[], requirement: (access: GatewayAccess) => JsonObject): JsonObject[] {
  return methods
    .flatMap(({ access, bindings }) => bindings.map((binding) => ({ access, ...binding })))
    .sort((a, b) => compareTemplates(a.template, b.template))
    .map(({ access, httpMethod, template }) => ({
      match: {
        safe_regex: { regex: templateRegex(template) },
        headers: [{ name: ':method', string_match: { exact: httpMethod } }],
      },
      ...requirement(access),
    }));
}

function provider(access: TokenAccess, environment: GatewayEnvironment): JsonObject {
  const { issuer, jwksUri } = environment.identity[identityOf(access)];
  return {
    issuer,
    audiences: [...audiences(access, environment)],
    // Tokens do not belong in URLs: without from_headers Envoy would also take ?access_token.
    from_headers: [{ name: 'authorization', value_prefix: 'Bearer ' }],
    // The service verifies the token again.
    forward: true,
    payload_in_metadata: access,
    // Without these a token that never expires would do.
    require_expiration: true,
    max_lifetime: '86400s',
    clock_skew_seconds: 60,
    // Verified tokens are not verified again before they expire.
    jwt_cache_config: { jwt_cache_size: 1000 },
    remote_jwks: {
      http_uri: { uri: jwksUri, cluster: jwksCluster(identityOf(access)), timeout: '5s' },
      // There is no refetch on an unknown key id, so this is how long a new key may stay unknown.
      cache_duration: '300s',
      // Fetched at start and ahead of need, without holding back the listener.
      async_fetch: { fast_listener: true },
      retry_policy: { retry_back_off: { base_interval: '0.2s', max_interval: '5s' }, num_retries: 3 },
    },
  };
}

function audiences(access: TokenAccess, { identity, project }: GatewayEnvironment): readonly string[] {
  switch (access) {
    case 'customer':
    case 'partner':
      return identity[access].audiences;
    case 'operator':
      return [audienceOf('edge', project)];
    case 'trigger':
      return [audienceOf('jobs', project)];
  }
}
