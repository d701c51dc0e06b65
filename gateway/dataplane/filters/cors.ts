import * as z from 'zod';
import { runtimePercent, stringMatcher } from '../config/matcher-config.ts';
import { list, readConfig } from '../config/read-config.ts';
import type { FilterFactory } from '../filter-factory.ts';
import type { HttpStream } from '../http-stream.ts';
import { compileStringMatcher, type TextMatcher } from '../matchers.ts';

const name = 'envoy.filters.http.cors';

const policyConfig = z.strictObject({
  allow_origin_string_match: list(stringMatcher),
  allow_methods: z.string().default(''),
  allow_headers: z.string().default(''),
  expose_headers: z.string().default(''),
  max_age: z.string().default(''),
  allow_credentials: z.boolean().default(false),
  filter_enabled: runtimePercent.optional(),
  forward_not_matching_preflights: z.boolean().default(true),
});

interface CorsPolicy {
  readonly config: z.output<typeof policyConfig>;
  readonly origins: readonly TextMatcher[];
}

/** Answers preflights and marks responses for allowed origins; the policy stands at the route or virtual host. */
export const cors: FilterFactory = {
  name,
  type: 'envoy.extensions.filters.http.cors.v3.Cors',
  perRoute: (type, fields, path): CorsPolicy | undefined => {
    if (type !== 'envoy.extensions.filters.http.cors.v3.CorsPolicy') return undefined;
    const config = readConfig(policyConfig, fields, path);
    return { config, origins: config.allow_origin_string_match.map(compileStringMatcher) };
  },
  create: (fields, { path, slot }) => {
    readConfig(z.strictObject({}), fields, path);
    return {
      name,
      decodeHeaders: (stream) => {
        const { request } = stream;
        const origin = request.get('origin');
        if (origin === undefined) return 'continue';
        const policy = policyOf(stream);
        if (policy === undefined) return 'continue';
        const allowed = policy.origins.some((matches) => matches(origin));
        const preflight = request.get(':method') === 'OPTIONS' && (request.get('access-control-request-method') ?? '') !== '';
        if (!preflight) {
          if (allowed) stream.state[slot] = { origin, policy };
          return 'continue';
        }
        if (!allowed) {
          if (policy.config.forward_not_matching_preflights) return 'continue';
          stream.sendLocalReply({ status: 200, details: 'cors_response' });
          return 'stop';
        }
        stream.sendLocalReply({ status: 200, headers: preflightHeaders(origin, policy), details: 'cors_response' });
        return 'stop';
      },
      encodeHeaders: (stream, headers) => {
        const allowed = stream.state[slot] as { origin: string; policy: CorsPolicy } | undefined;
        if (allowed === undefined) return 'continue';
        const { config } = allowed.policy;
        headers.set('access-control-allow-origin', allowed.origin);
        if (config.allow_credentials) headers.set('access-control-allow-credentials', 'true');
        if (config.expose_headers !== '') headers.set('access-control-expose-headers', config.expose_headers);
        return 'continue';
      },
    };
  },
};

function policyOf(stream: HttpStream): CorsPolicy | undefined {
  const policy = stream.route?.filterConfig.get(name) as CorsPolicy | undefined;
  return policy?.config.filter_enabled === 0 ? undefined : policy;
}

function preflightHeaders(origin: string, { config }: CorsPolicy): [string, string][] {
  const headers: [string, string][] = [['access-control-allow-origin', origin]];
  if (config.allow_credentials) headers.push(['access-control-allow-credentials', 'true']);
  if (config.allow_methods !== '') headers.push(['access-control-allow-methods', config.allow_methods]);
  if (config.allow_headers !== '') headers.push(['access-control-allow-headers', config.allow_headers]);
  if (config.max_age !== '') headers.push(['access-control-max-age', config.max_age]);
  return headers;
}
