import type { GatewayEnvironment } from '../gateway-environment.ts';
import { any, type JsonObject } from '../json.ts';
import { jwtAuthnName } from './jwt-authn.ts';

type RateLimits = NonNullable<GatewayEnvironment['rateLimits']>;

/** Per client address. It stands before the token check, so that a flood costs no signatures. */
export function clientRateLimit({ clientPerSecond, anonymousPerSecond }: RateLimits): JsonObject {
  return localRateLimit('client', anonymousPerSecond, clientPerSecond, [{ key: 'remote_address', action: { remote_address: {} } }]);
}

/** Per customer and per partner, as verified. */
export function callerRateLimit({ callerPerSecond, anonymousPerSecond }: RateLimits): JsonObject {
  const callers = (['customer', 'partner'] as const).map((access) => ({
    key: access,
    action: {
      metadata: {
        descriptor_key: access,
        metadata_key: { key: jwtAuthnName, path: [{ key: access }, { key: 'sub' }] },
        source: 'DYNAMIC',
      },
    },
  }));
  return localRateLimit('caller', anonymousPerSecond, callerPerSecond, callers);
}

/** Buckets come into being as addresses and callers appear; beyond this many the oldest go, and start full again. */
const maxBuckets = 10_000;

/** The limits hold for one instance of the gateway, not for all of them together. */
function localRateLimit(
  name: string,
  anonymousPerSecond: number,
  perSecond: number,
  descriptors: readonly { key: string; action: JsonObject }[],
): JsonObject {
  const always = { default_value: { numerator: 100 }, runtime_key: `${name}_rate_limit` };
  return {
    name: 'envoy.filters.http.local_ratelimit',
    typed_config: any('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
      stat_prefix: name,
      // Both default to 0 %.
      filter_enabled: always,
      filter_enforced: always,
      // For what no descriptor is made of.
      token_bucket: bucket(anonymousPerSecond),
      // One bucket for each value: the entry leaves the value open.
      descriptors: descriptors.map(({ key }) => ({ entries: [{ key }], token_bucket: bucket(perSecond) })),
      // In the filter rather than in routes: those of a route are not looked at while a REST request is on the route that leads nowhere.
      rate_limits: descriptors.map(({ action }) => ({ actions: [action] })),
      max_dynamic_descriptors: maxBuckets,
      always_consume_default_token_bucket: false,
      rate_limited_as_resource_exhausted: true,
      // Says when it is worth trying again.
      enable_retry_after_header: true,
    }),
  };
}

/** Allows bursts of two seconds' worth. */
function bucket(perSecond: number): JsonObject {
  return { max_tokens: perSecond * 2, tokens_per_fill: perSecond, fill_interval: '1s' };
}
