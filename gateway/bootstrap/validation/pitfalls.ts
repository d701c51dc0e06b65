import { errorText } from '../../../services/platform/contracts/error-text.ts';
import { type Fault, join } from './fault.ts';
import { isMap, type ReadMessage } from './message.ts';

type Check = (message: ReadMessage, all: readonly ReadMessage[]) => Fault[];

const http = 'envoy.extensions.filters.http';
const jwtAuthn = `${http}.jwt_authn.v3`;
const hcm = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/** Pairs of HTTP filters, by the type of their configuration: the first must stand before the second. */
const filterOrder: readonly (readonly [before: string, after: string, reason: string])[] = [
  [`${http}.health_check.v3.HealthCheck`, `${http}.jwt_authn.v3.JwtAuthentication`, 'probes carry no token'],
  [`${http}.cors.v3.Cors`, `${http}.jwt_authn.v3.JwtAuthentication`, 'preflights carry no token'],
  [`${http}.grpc_web.v3.GrpcWeb`, `${http}.jwt_authn.v3.JwtAuthentication`, 'rejections must reach the client as gRPC-Web'],
  [
    `${http}.compressor.v3.Compressor`,
    `${http}.grpc_json_transcoder.v3.GrpcJsonTranscoder`,
    'responses run through the filters in reverse',
  ],
  [
    `${http}.buffer.v3.Buffer`,
    `${http}.grpc_json_transcoder.v3.GrpcJsonTranscoder`,
    'the transcoder keeps what it does not understand yet, however much that is',
  ],
  [
    `${http}.jwt_authn.v3.JwtAuthentication`,
    `${http}.grpc_json_transcoder.v3.GrpcJsonTranscoder`,
    'nothing unverified is to be transcoded',
  ],
  [`${http}.jwt_authn.v3.JwtAuthentication`, `${http}.rbac.v3.RBAC`, 'rbac reads the payload that jwt_authn leaves'],
  [`${http}.grpc_json_transcoder.v3.GrpcJsonTranscoder`, `${http}.rbac.v3.RBAC`, 'rbac knows gRPC paths only'],
  [`${http}.rbac.v3.RBAC`, `${http}.grpc_stats.v3.FilterConfig`, 'a caller could make up any number of statistics'],
];

const checks: Readonly<Record<string, Check>> = {
  [hcm]: (message, all) => [
    ...checkFilterOrder(message),
    ...checkRoutingOrder(message),
    ...checkSpoofing(message, all),
    ...checkGuards(message),
    ...checkRequirements(message, all),
    ...checkRouteOverrides(message, all),
  ],
  [`${http}.jwt_authn.v3.JwtAuthentication`]: checkLastRule,
  [`${http}.jwt_authn.v3.JwtProvider`]: checkProvider,
  'envoy.type.matcher.v3.RegexMatcher': checkRegex,
  [`${http}.rbac.v3.RBAC`]: checkRules,
  'envoy.config.route.v3.Route': checkPermission,
  [`${http}.local_ratelimit.v3.LocalRateLimit`]: checkRateLimit,
  'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext': checkUpstreamTls,
};

/** What Envoy refuses late or accepts in silence and does otherwise than meant. */
export function checkPitfalls(messages: readonly ReadMessage[]): Fault[] {
  return messages.flatMap((message) => checks[message.type]?.(message, messages) ?? []);
}

function checkFilterOrder(manager: ReadMessage): Fault[] {
  const { path } = manager;
  const filters = manager.items('http_filters');
  const types = filters.map((filter) => configOf(filter)?.type);
  const at = (index: number) => join(join(path, 'http_filters'), index);
  const faults: Fault[] = [];
  if (types.at(-1) !== `${http}.router.v3.Router`) faults.push({ path: join(path, 'http_filters'), message: 'the router must be last' });
  for (const [before, after, reason] of filterOrder) {
    const [first, second] = [types.lastIndexOf(before), types.indexOf(after)];
    if (first >= 0 && second >= 0 && first > second)
      faults.push({ path: at(first), message: `must stand before ${at(second)}: ${reason}` });
  }
  const [transcoder, rbac] = [types.indexOf(`${http}.grpc_json_transcoder.v3.GrpcJsonTranscoder`), types.indexOf(`${http}.rbac.v3.RBAC`)];
  for (const [index, type] of types.entries()) {
    if (type !== `${http}.wasm.v3.Wasm` || transcoder < 0 || index < transcoder || (rbac >= 0 && index > rbac)) continue;
    faults.push({ path: at(index), message: 'a wasm filter behind the transcoder sees the old route unless rbac stands between them' });
  }
  return faults;
}

/** What configures a filter: with ExtensionWithMatcher it stands inside of that. */
function configOf(filter: ReadMessage | undefined): ReadMessage | undefined {
  const config = filter?.inner('typed_config');
  return config?.type === 'envoy.extensions.common.matching.v3.ExtensionWithMatcher' ? configOf(config.inner('extension_config')) : config;
}

/** The headers by which our dynamic-routing filter chooses routes, or undefined for any other filter. */
function routingHeaders(filter: ReadMessage | undefined): string[] | undefined {
  const config = configOf(filter)?.inner('config');
  try {
    const configuration: unknown = JSON.parse(String(config?.fields['configuration']));
    if (!isMap(configuration) || configuration['payloads'] === undefined) return undefined;
    return Object.values(configuration['headers'] ?? {}).map(String);
  } catch {
    return undefined;
  }
}

/** A filter that routes by the verified payload finds none before jwt_authn, and behind the transcoder the route may be resolved already. */
function checkRoutingOrder(manager: ReadMessage): Fault[] {
  const { path } = manager;
  const filters = manager.items('http_filters');
  const at = (type: string) => filters.findIndex((filter) => configOf(filter)?.type === `${http}.${type}`);
  const [jwt, transcoder] = [at('jwt_authn.v3.JwtAuthentication'), at('grpc_json_transcoder.v3.GrpcJsonTranscoder')];
  return filters.flatMap((filter, index) => {
    if (routingHeaders(filter) === undefined || (jwt >= 0 && jwt < index && (transcoder < 0 || index < transcoder))) return [];
    return [{ path: join(join(path, 'http_filters'), index), message: 'must stand behind jwt_authn and before the transcoder' }];
  });
}

/**
 * Names that jwt_authn writes are removed from a request only where its verifier runs; those that choose a route would choose it before the
 * filter that removes them.
 */
function checkSpoofing(manager: ReadMessage, all: readonly ReadMessage[]): Fault[] {
  const { path } = manager;
  const inside = all.filter((message) => message.path.startsWith(`${path}.`));
  const stripped = inside
    .filter(({ type }) => type === 'envoy.config.common.mutation_rules.v3.HeaderMutation')
    .map(({ fields }) => String(fields['remove'] ?? '').toLowerCase());
  const written = inside.flatMap((message) => {
    const key = message.type === `${http}.jwt_authn.v3.JwtProvider` ? 'forward_payload_header' : 'header_name';
    const known = message.type === `${http}.jwt_authn.v3.JwtProvider` || message.type === `${http}.jwt_authn.v3.JwtClaimToHeader`;
    const name = known ? message.fields[key] : undefined;
    return typeof name === 'string' && name !== '' ? [{ name: name.toLowerCase(), path: join(message.path, key) }] : [];
  });
  const transcodes = inside.some(({ type }) => type === `${http}.grpc_json_transcoder.v3.GrpcJsonTranscoder`);
  const appended = transcodes ? [{ name: 'x-envoy-original-method', path: join(path, 'early_header_mutation_extensions') }] : [];
  const routing = manager
    .items('http_filters')
    .flatMap((filter, index) => (routingHeaders(filter) ?? []).map((name) => ({ name, path: join(join(path, 'http_filters'), index) })));
  return [...written, ...appended, ...routing]
    .filter(({ name }) => !stripped.includes(name))
    .map(({ name, path: at }) => ({ path: at, message: `a client can spoof ${name}: remove it in early_header_mutation_extensions` }));
}

/** The filters that let in: each request goes through them, whatever it is. */
const guards = [`${jwtAuthn}.JwtAuthentication`, `${http}.rbac.v3.RBAC`];

/** Nothing may skip a filter that lets in, nor turn one off that adds or removes tokens and routes. */
function checkGuards(manager: ReadMessage): Fault[] {
  return manager.items('http_filters').flatMap((filter, index) => {
    const at = join(join(manager.path, 'http_filters'), index);
    const type = configOf(filter)?.type ?? '';
    const faults: Fault[] = [];
    if (filter?.fields['disabled'] === true && (guards.includes(type) || type === `${http}.wasm.v3.Wasm`))
      faults.push({ path: join(at, 'disabled'), message: 'nothing would be looked at' });
    if (guards.includes(type) && filter?.inner('typed_config')?.type !== type)
      faults.push({ path: join(at, 'typed_config'), message: 'must stand by itself: a matcher around it could let requests past it' });
    return faults;
  });
}

/**
 * Where routes say what tokens they need, each has to, by a name that the filter knows: rules are for requests without a route. Nothing may turn the check
 * off: a route for everybody says so by a requirement of its own.
 */
function checkRequirements(manager: ReadMessage, all: readonly ReadMessage[]): Fault[] {
  const { path } = manager;
  const filter = manager.items('http_filters').find((one) => one?.inner('typed_config')?.type === `${jwtAuthn}.JwtAuthentication`);
  if (filter === undefined) return [];
  const faults: Fault[] = [];
  const name = String(filter.fields['name']);
  const known = (filter.inner('typed_config')?.entries('requirement_map') ?? []).map(([requirement]) => requirement);
  for (const message of all.filter((one) => one.path.startsWith(`${path}.route_config`))) {
    const own = message.entries('typed_per_filter_config').find(([of]) => of === name)?.[1];
    const at = join(join(message.path, 'typed_per_filter_config'), name);
    if (own !== undefined && (own.type !== `${jwtAuthn}.PerRouteConfig` || own.fields['requirement_name'] === undefined))
      faults.push({ path: at, message: 'must name a requirement: anything else turns the token check off' });
    else if (message.type === 'envoy.config.route.v3.Route' && !known.includes(String(own?.fields['requirement_name'])))
      faults.push({ path: at, message: `each route must name one of jwt_authn's requirements: ${known.join(', ')}` });
  }
  return faults;
}

/** Filters that a route may take out of the chain, by the type of their configuration: what else is in it is there for safety, or for all. */
const optional = [
  'compressor.v3.Compressor',
  'buffer.v3.Buffer',
  'grpc_web.v3.GrpcWeb',
  'connect_grpc_bridge.v3.FilterConfig',
  'header_mutation.v3.HeaderMutation',
];

function checkRouteOverrides(manager: ReadMessage, all: readonly ReadMessage[]): Fault[] {
  const types = new Map(manager.items('http_filters').map((filter) => [filter?.fields['name'], configOf(filter)?.type]));
  return (
    all
      .filter((message) => message.path.startsWith(`${manager.path}.route_config`))
      // What a route answers by itself reaches nothing that a filter could guard.
      .filter(({ fields }) => fields['direct_response'] === undefined)
      .flatMap((message) =>
        message
          .entries('typed_per_filter_config')
          .filter(
            ([name, own]) =>
              own?.type === 'envoy.config.route.v3.FilterConfig' &&
              types.get(name) !== `${jwtAuthn}.JwtAuthentication` &&
              !optional.some((one) => types.get(name) === `${http}.${one}`),
          )
          .map(([name]) => ({
            path: join(join(message.path, 'typed_per_filter_config'), name),
            message: 'no route may take this filter out',
          })),
      )
  );
}

/** Without rules rbac allows everything; with rules that deny, everything but what they name. */
function checkRules(rbac: ReadMessage): Fault[] {
  const { fields, path } = rbac;
  const rules = rbac.inner('rules')?.fields;
  if (!allows(rules?.['action']))
    return [{ path: join(join(path, 'rules'), 'action'), message: 'must be ALLOW: what no policy names would be let through' }];
  if (rules?.['policies'] !== undefined || fields['matcher'] !== undefined) return [];
  return [{ path: join(path, 'rules'), message: 'must have policies: without any rules everything is allowed' }];
}

/** Whether an action of rbac is ALLOW, envoy.config.rbac.v3.RBAC.Action 0, which it is unless told. */
function allows(action: unknown): boolean {
  return action === undefined || action === 0;
}

/** A route that turns rbac off must not lead to a service. */
function checkPermission(route: ReadMessage): Fault[] {
  return route
    .entries('typed_per_filter_config')
    .filter(([, own]) => own?.type === `${http}.rbac.v3.RBACPerRoute` && route.fields['direct_response'] === undefined)
    .filter(([, own]) => {
      const rules = own?.inner('rbac', 'rules')?.fields;
      return rules === undefined || !allows(rules['action']);
    })
    .map(([name]) => ({
      path: join(join(route.path, 'typed_per_filter_config'), name),
      message: 'must have rules that allow: without any, or with such as deny, everybody else is let through',
    }));
}

/** Without a rule that matches, a request goes through unverified. */
function checkLastRule(filter: ReadMessage): Fault[] {
  const last = filter.items('rules').at(-1);
  if (last?.inner('match')?.fields['prefix'] === '/' && (last?.fields['requires'] ?? last?.fields['requirement_name']) !== undefined)
    return [];
  return [
    {
      path: join(filter.path, 'rules'),
      message: 'the last rule must be prefix "/" with a requirement: what no rule matches is not verified',
    },
  ];
}

function checkProvider(provider: ReadMessage): Fault[] {
  const { fields, path } = provider;
  const faults: Fault[] = [];
  const fail = (field: string, message: string) => faults.push({ path: join(path, field), message });
  if (fields['require_expiration'] !== true && fields['max_lifetime'] === undefined) {
    fail('require_expiration', 'must be true, or max_lifetime set: a token without "exp" would never expire');
  }
  if (provider.list('from_headers').length === 0) fail('from_headers', 'must be set: the default takes tokens from URLs too');
  if (provider.list('audiences').length === 0) fail('audiences', "must be set: any of the issuer's tokens would do");
  return faults;
}

/** Envoy's expressions are RE2's: no look-around, no back references. */
function checkRegex({ fields, path }: ReadMessage): Fault[] {
  const regex = String(fields['regex'] ?? '');
  const fault = (reason: string) => [{ path: join(path, 'regex'), message: `is no RE2 expression: ${reason}` }];
  if (/\(\?(?:[=!]|<[=!])/.test(regex) || /\\[1-9]/.test(regex)) return fault('look-around and back references are not supported');
  try {
    new RegExp(regex.replaceAll('(?P<', '(?<'));
    return [];
  } catch (error) {
    return fault(errorText(error));
  }
}

function checkRateLimit({ fields, path }: ReadMessage): Fault[] {
  return ['filter_enabled', 'filter_enforced']
    .filter((field) => fields[field] === undefined)
    .map((field) => ({ path: join(path, field), message: 'must be set: the default is 0 %' }));
}

function checkUpstreamTls(context: ReadMessage): Fault[] {
  const validation = context.inner('common_tls_context', 'validation_context');
  const names = context.fields['auto_sni_san_validation'] === true || (validation?.list('match_typed_subject_alt_names') ?? []).length > 0;
  if (validation?.fields['trusted_ca'] !== undefined && names) return [];
  return [{ path: context.path, message: 'needs trusted_ca and auto_sni_san_validation: without both no certificate is checked' }];
}
