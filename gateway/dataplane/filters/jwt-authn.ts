import type * as z from 'zod';
import { ConfigError, readConfig } from '../config/read-config.ts';
import type { FilterContext, FilterFactory } from '../filter-factory.ts';
import { FirstMatch } from '../first-match.ts';
import type { FilterStatus } from '../http-filter.ts';
import type { HttpStream } from '../http-stream.ts';
import { openJwks } from '../jwt/jwks-source.ts';
import { jwtAuthentication, jwtPerRoute } from '../jwt/jwt-config.ts';
import { type JwtStatus, jwtStatus } from '../jwt/jwt-status.ts';
import { ProviderVerifier } from '../jwt/provider-verifier.ts';
import { compileRequirement, type Requirement } from '../jwt/requirement.ts';
import { compileRouteMatch, type PathAndHeadersMatch, pathOf } from '../matchers.ts';

const name = 'envoy.filters.http.jwt_authn';
const maxRealmPath = 256;

/** Verifies JSON Web Tokens by rules of paths. */
export const jwtAuthn: FilterFactory = {
  name,
  type: 'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
  perRoute: (type, fields, path) =>
    type === 'envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig' ? readConfig(jwtPerRoute, fields, path) : undefined,
  create: async (fields, context) => {
    const config = readConfig(jwtAuthentication, fields, context.path);
    const providers = new Map<string, ProviderVerifier>();
    for (const [key, provider] of Object.entries(config.providers)) {
      const cluster = provider.remote_jwks?.http_uri.cluster;
      if (cluster !== undefined && !context.clusters.has(cluster)) {
        throw new ConfigError(`${context.path}.providers.${key}.remote_jwks.http_uri.cluster: there is no cluster ${cluster}`);
      }
      providers.set(key, new ProviderVerifier(provider, await openJwks(provider, context), context));
    }
    return new JwtAuthn(config, providers, context);
  },
};

type Config = z.output<typeof jwtAuthentication>;

class JwtAuthn {
  readonly name = name;
  readonly #config: Config;
  readonly #named: ReadonlyMap<string, Requirement>;
  readonly #rules: FirstMatch<PathAndHeadersMatch & { readonly requirement: Requirement | undefined }>;
  readonly #allowed: { value: number };
  readonly #denied: { value: number };

  constructor(config: Config, providers: ReadonlyMap<string, ProviderVerifier>, { path, stats }: FilterContext) {
    this.#config = config;
    this.#named = new Map(
      Object.entries(config.requirement_map).map(([key, one]) => [
        key,
        compileRequirement(one, providers, `${path}.requirement_map.${key}`),
      ]),
    );
    const rules = config.rules.map((rule, index) => {
      const at = `${path}.rules[${index}]`;
      const named = rule.requirement_name;
      if (named !== undefined && !this.#named.has(named)) throw new ConfigError(`${at}.requirement_name: there is no requirement ${named}`);
      const requirement = rule.requires === undefined ? undefined : compileRequirement(rule.requires, providers, `${at}.requires`);
      return { ...compileRouteMatch(rule.match), requirement: named === undefined ? requirement : this.#named.get(named) };
    });
    this.#rules = new FirstMatch(rules);
    this.#allowed = stats.counter('envoy_http_jwt_authn_allowed');
    this.#denied = stats.counter('envoy_http_jwt_authn_denied');
  }

  decodeHeaders(stream: HttpStream): FilterStatus {
    const requirement = this.#requirementOf(stream);
    if (requirement === undefined) return this.#finish(stream, undefined);
    if (typeof requirement === 'string') return this.#refuse(stream, 403, requirement);
    const status = requirement(stream);
    if (typeof status !== 'object') return this.#finish(stream, status);
    status.then(
      (settled) => {
        if (!stream.over && this.#finish(stream, settled) === 'continue') stream.continueRequest();
      },
      () => {
        if (!stream.over) this.#finish(stream, jwtStatus.verification);
      },
    );
    return 'stop';
  }

  /** The requirement of the route or of the first rule that matches; a text where a route names one that does not exist. */
  #requirementOf(stream: HttpStream): Requirement | string | undefined {
    const { request } = stream;
    if (this.#config.bypass_cors_preflight && isPreflight(stream)) return undefined;
    const perRoute = stream.route?.filterConfig.get(name) as z.output<typeof jwtPerRoute> | undefined;
    if (perRoute !== undefined) {
      if ('disabled' in perRoute) return undefined;
      return (
        this.#named.get(perRoute.requirement_name) ?? `Failed JWT authentication: Wrong requirement_name: ${perRoute.requirement_name}`
      );
    }
    const path = pathOf(request.get(':path') ?? '');
    return this.#rules.match(path, request)?.requirement;
  }

  #finish(stream: HttpStream, status: JwtStatus): FilterStatus {
    if (status !== undefined) return this.#refuse(stream, status === jwtStatus.audience ? 403 : 401, status);
    this.#allowed.value++;
    return 'continue';
  }

  #refuse(stream: HttpStream, status: number, text: string): FilterStatus {
    this.#denied.value++;
    const details = `jwt_authn_access_denied{${text.replaceAll(' ', '_')}}`;
    if (this.#config.strip_failure_response) {
      stream.sendLocalReply({ status, details });
      return 'stop';
    }
    const { request } = stream;
    const uri = `${request.get(':scheme')}://${request.get(':authority')}${(request.get(':path') ?? '').slice(0, maxRealmPath)}`;
    const challenge = `Bearer realm="${uri}"${text === jwtStatus.missing ? '' : ', error="invalid_token"'}`;
    stream.sendLocalReply({ status, body: text, headers: [['www-authenticate', challenge]], details });
    return 'stop';
  }
}

function isPreflight({ request }: HttpStream): boolean {
  return (
    request.get(':method') === 'OPTIONS' &&
    (request.get('origin') ?? '') !== '' &&
    (request.get('access-control-request-method') ?? '') !== ''
  );
}
