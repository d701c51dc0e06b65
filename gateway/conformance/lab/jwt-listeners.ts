import type { Surroundings } from '../surroundings.ts';
import { project } from '../tokens.ts';
import type { LabListener } from './lab-bootstrap.ts';
import { any, filter, type Json, to } from './messages.ts';

const labProvider = { provider_name: 'lab' };
const customerProvider = { provider_name: 'customer' };
const perRoute = (fields: Json): Json => ({
  typed_per_filter_config: { 'envoy.filters.http.jwt_authn': any('envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig', fields) },
});
const rule = (prefix: string, requires?: Json): Json => ({ match: { prefix }, ...(requires !== undefined && { requires }) });

/** Two providers and rules of every form. */
export function jwtListener(around: Surroundings): LabListener {
  return {
    filters: [
      filter('jwt_authn', 'JwtAuthentication', {
        providers: {
          lab: {
            issuer: 'https://lab.example',
            audiences: ['lab'],
            forward_payload_header: 'x-payload',
            payload_in_metadata: 'lab',
            claim_to_headers: [
              { header_name: 'x-sub', claim_name: 'sub' },
              { header_name: 'x-level', claim_name: 'level' },
              { header_name: 'x-admin', claim_name: 'admin' },
              { header_name: 'x-team', claim_name: 'org.team' },
            ],
            clear_route_cache: true,
            remote_jwks: keys(around, '/all/jwks.json'),
          },
          customer: {
            issuer: `https://securetoken.google.com/${project}`,
            audiences: [project],
            forward: true,
            from_headers: [{ name: 'authorization', value_prefix: 'Bearer ' }, { name: 'x-token' }],
            remote_jwks: keys(around, '/jwks.json'),
          },
        },
        requirement_map: { lab: labProvider },
        rules: [
          rule('/any', { requires_any: { requirements: [labProvider, customerProvider] } }),
          rule('/optional', { requires_any: { requirements: [labProvider, { allow_missing: {} }] } }),
          rule('/lenient', { requires_any: { requirements: [labProvider, { allow_missing_or_failed: {} }] } }),
          rule('/all', { requires_all: { requirements: [labProvider, customerProvider] } }),
          rule('/lab', labProvider),
          rule('/other-audience', { provider_and_audiences: { provider_name: 'lab', audiences: ['special'] } }),
          rule('/customer', customerProvider),
          rule('/first/open'),
          rule('/first', labProvider),
          rule('/named', customerProvider),
          rule('/disabled', labProvider),
        ],
      }),
    ],
    routes: [
      { match: { prefix: '/lab', headers: [{ name: 'x-level', string_match: { exact: '7' } }] }, route: { cluster: 'other' } },
      to('/named', 'main', {}, perRoute({ requirement_name: 'lab' })),
      to('/disabled', 'main', {}, perRoute({ disabled: true })),
      to('/', 'main'),
    ],
  };
}

/** Failures tell nothing. */
export function strictListener(around: Surroundings): LabListener {
  return {
    filters: [
      filter('jwt_authn', 'JwtAuthentication', {
        providers: { lab: { issuer: 'https://lab.example', audiences: ['lab'], remote_jwks: keys(around, '/all/jwks.json') } },
        rules: [rule('/', labProvider)],
        strip_failure_response: true,
      }),
    ],
    routes: [to('/', 'main')],
  };
}

function keys({ authority }: Surroundings, path: string): Json {
  return {
    http_uri: { uri: `http://127.0.0.1:${authority.port}${path}`, cluster: 'keys', timeout: '2s' },
    cache_duration: '300s',
    async_fetch: {},
  };
}
