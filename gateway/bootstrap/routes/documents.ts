import { transcoderName } from '../filters/grpc-json-transcoder.ts';
import { jwtAuthnName, tokenOf } from '../filters/jwt-authn.ts';
import { rbacName, rbacOff } from '../filters/rbac.ts';
import type { GatewayEnvironment } from '../gateway-environment.ts';
import type { Role } from '../gateway-methods.ts';
import { any, type Json, type JsonObject } from '../json.ts';
import type { PlacedRoute } from './route-tree.ts';

/** Room for the largest document, in bytes: Envoy keeps each in memory, and refuses a file of more than 4 KiB unless told. */
export const maxDocumentBytes = 1_048_576;

/** How the names of these routes begin. */
export const documentRoutePrefix = 'documents';

const json = 'application/json';

/** The page runs its own script, talks to its own origin, and is in nobody's frame: it is where tokens are entered. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  // The page's empty icon.
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * What the edge answers by itself where its environment shows the API: the OpenAPI documents of some audiences, a list of them, and a page that reads them.
 * Built beforehand, read once when Envoy starts. Open to everybody: none of it says anything that the protos do not.
 */
export function documentRoutes(role: Role, { documents }: GatewayEnvironment): PlacedRoute[] {
  if (role === 'jobs' || documents === undefined) return [];
  const { folder, audiences } = documents;
  const paths = audiences.map((audience) => `/openapi/${audience}.json`);
  const file = (name: string): Json => ({ filename: `${folder}/${name}` });
  return [
    answer('/openapi', json, { inline_string: JSON.stringify({ documents: paths }) }),
    ...audiences.map((audience) => answer(`/openapi/${audience}.json`, json, file(`${audience}.json`))),
    answer('/docs', 'text/html; charset=utf-8', file('page.html')),
    answer('/docs/page.css', 'text/css; charset=utf-8', file('page.css')),
    answer('/docs/page.js', 'text/javascript; charset=utf-8', file('page.js')),
  ];
}

function answer(path: string, contentType: string, body: Json): PlacedRoute {
  return {
    prefix: path,
    route: {
      name: `${documentRoutePrefix}${path}`,
      match: { path, headers: [{ name: ':method', string_match: { exact: 'GET' } }] },
      direct_response: { status: 200, body },
      response_headers_to_add: [
        set('content-type', contentType),
        set('cache-control', 'public, max-age=60'),
        set('x-content-type-options', 'nosniff'),
        ...(contentType === json ? [] : [set('content-security-policy', pagePolicy), set('referrer-policy', 'no-referrer')]),
      ],
      typed_per_filter_config: {
        [jwtAuthnName]: tokenOf('none'),
        [rbacName]: rbacOff(),
        // It answers 404 to a path that it has no method for.
        [transcoderName]: any('envoy.config.route.v3.FilterConfig', { disabled: true }),
      },
    },
  };
}

function set(key: string, value: string): JsonObject {
  return { header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' };
}
