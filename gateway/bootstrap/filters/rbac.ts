import { serviceAccountEmail, triggerPrincipal } from '../../../services/platform/contracts/identities.ts';
import type { GatewayEnvironment } from '../gateway-environment.ts';
import type { GatewayMethod } from '../gateway-methods.ts';
import { any, type Json, type JsonObject } from '../json.ts';
import { identityOf, jwtAuthnName, type TokenAccess } from './jwt-authn.ts';

/** The filter's name. */
export const rbacName = 'envoy.filters.http.rbac';

/** The filter by itself denies everything: what is allowed, routes say. */
export function rbac(): JsonObject {
  return {
    name: rbacName,
    typed_config: any('envoy.extensions.filters.http.rbac.v3.RBAC', { rules: { action: 'ALLOW', policies: {} } }),
  };
}

/**
 * For a route of these methods: who may call them. The filter stands behind the transcoder, so it is the route of the gRPC path that says it, and one policy
 * serves REST and native gRPC. It names the paths all the same.
 */
export function rbacOf(methods: readonly GatewayMethod[], environment: GatewayEnvironment): JsonObject {
  const policies = new Map<string, { readonly permissions: Json[]; readonly principals: Json[] }>();
  for (const method of methods) {
    const name = method.triggerKind ?? method.access;
    const policy = policies.get(name) ?? { permissions: [], principals: principals(method, environment) };
    policy.permissions.push(permission(method.grpcPath));
    policies.set(name, policy);
  }
  return allow([...policies]);
}

/** For the route of a path that is open to everybody. */
export function rbacOpen(grpcPath: string): JsonObject {
  return allow([['open', { permissions: [permission(grpcPath)], principals: [{ any: true }] }]]);
}

/** For a route that answers by itself: it needs no permission. */
export function rbacOff(): JsonObject {
  return any('envoy.extensions.filters.http.rbac.v3.RBACPerRoute');
}

function allow(policies: readonly (readonly [name: string, policy: JsonObject])[]): JsonObject {
  const rules = { action: 'ALLOW', policies: Object.fromEntries(policies) };
  return any('envoy.extensions.filters.http.rbac.v3.RBACPerRoute', { rbac: { rules } });
}

function permission(grpcPath: string): JsonObject {
  return { url_path: { path: { exact: grpcPath } } };
}

function principals({ access, triggerKind }: GatewayMethod, environment: GatewayEnvironment): Json[] {
  switch (access) {
    case 'public':
      return [{ any: true }];
    case 'customer':
    case 'partner':
      return [allOf([issued(access, environment), claim(access, 'sub', { string_match: { safe_regex: { regex: '.+' } } })])];
    case 'operator':
      return environment.operatorEmails.length === 0
        ? // A policy needs a principal: nobody.
          [{ not_id: { any: true } }]
        : environment.operatorEmails.map((email) => emailOf('operator', email, environment));
    case 'trigger':
      // Any service account of anyone can get a token for our audience: only the e-mail tells who it is.
      return [emailOf('trigger', serviceAccountEmail(triggerPrincipal[triggerKind!], environment.project), environment)];
  }
}

function emailOf(access: TokenAccess, email: string, environment: GatewayEnvironment): Json {
  return allOf([
    issued(access, environment),
    claim(access, 'email_verified', { bool_match: true }),
    claim(access, 'email', { string_match: { exact: email } }),
  ]);
}

function issued(access: TokenAccess, environment: GatewayEnvironment): Json {
  return claim(access, 'iss', { string_match: { exact: environment.identity[identityOf(access)].issuer } });
}

function allOf(ids: readonly Json[]): Json {
  return { and_ids: { ids } };
}

function claim(access: TokenAccess, name: string, value: JsonObject): Json {
  return {
    sourced_metadata: {
      metadata_matcher: { filter: jwtAuthnName, path: [{ key: access }, { key: name }], value },
      metadata_source: 'DYNAMIC',
    },
  };
}
