import { audienceOf } from '../../../services/platform/contracts/identities.ts';
import { jwksCluster } from '../clusters.ts';
import { type GatewayEnvironment, hasPreviews } from '../gateway-environment.ts';
import type { GatewayAccess, GatewayMethod, Role } from '../gateway-methods.ts';
import { any, type JsonObject } from '../json.ts';

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

/** What a route can ask of tokens: one for a kind of caller, whichever there is, none that has to be there, or that none is looked at. */
export type Requirement = TokenAccess | 'any' | 'optional' | 'none';

/** No requirement has this name: a route that is left with it answers 403 to everybody. */
export const undeclared = 'undeclared';

/**
 * Verifies tokens. It runs before the transcoder, so a REST request is asked for what the route of its REST path says, and a gRPC request for what its
 * method's route says. What has no route at all needs any token, because what no rule matches would go through unverified.
 */
export function jwtAuthn(role: Role, environment: GatewayEnvironment): JsonObject {
  const accesses = providersOf[role];
  const each = accesses.map((access) => ({ provider_name: access }));
  // "requires_any" needs two items at least.
  const [first, second] = each;
  const anyToken = first !== undefined && second === undefined ? first : { requires_any: { requirements: each } };
  const requirements: Partial<Record<Requirement, JsonObject>> = {
    ...Object.fromEntries(accesses.map((access) => [access, { provider_name: access }])),
    any: anyToken,
    ...(role === 'edge' && {
      ...(hasPreviews(environment) && { optional: { requires_any: { requirements: [...each, { allow_missing_or_failed: {} }] } } }),
      // A requirement that is empty is none.
      none: {},
    }),
  };
  return {
    name: jwtAuthnName,
    typed_config: any('envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', {
      providers: Object.fromEntries(accesses.map((access) => [access, provider(access, environment)])),
      requirement_map: requirements,
      rules: [{ match: { prefix: '/' }, requires: anyToken }],
      // Preflights carry no token; the cors filter has answered those of known origins.
      bypass_cors_preflight: false,
    }),
  };
}

/** What a method's routes ask for. Where there are previews, a token may ask a public method for one of them. */
export function requirementOf(environment: GatewayEnvironment, { access }: GatewayMethod): Requirement {
  if (access !== 'public') return access;
  return hasPreviews(environment) ? 'optional' : 'none';
}

/** For a route, by the name of what it asks for. */
export function tokenOf(requirement: Requirement | typeof undeclared): JsonObject {
  return any('envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig', { requirement_name: requirement });
}

/** Where a route's metadata says whose tokens it takes, for the answer to a token of somebody else. */
export const takenByKey = { namespace: 'kumiko.tokens', key: 'of' };

/** For a route: its metadata say whose tokens it takes, such as "a partner's token"; none where it asks for none. */
export function takenBy(requirement: Requirement): JsonObject {
  if (requirement === 'none' || requirement === 'optional') return {};
  const of = requirement === 'any' ? 'a token of one of our issuers' : `${requirement === 'operator' ? 'an' : 'a'} ${requirement}'s token`;
  return { metadata: { filter_metadata: { [takenByKey.namespace]: { [takenByKey.key]: of } } } };
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
