import { serviceAccountEmail, triggerWorkload } from '../../services/platform/contracts/identities.ts';
import type { GatewayEnvironment } from './environment.ts';
import type { GatewayMethod, Role } from './gateway-methods.ts';
import { introspectionOf } from './introspection.ts';
import { any, type Json, type JsonObject } from './json.ts';
import { identityOf, jwtAuthnName, type TokenAccess } from './jwt-authn.ts';

/** The filter's name. */
export const rbacName = 'envoy.filters.http.rbac';

/**
 * Who may call what, on the gRPC path, so that one policy serves REST and native gRPC: it stands behind the transcoder. What no policy
 * allows is denied.
 */
export function rbac(role: Role, environment: GatewayEnvironment, methods: readonly GatewayMethod[]): JsonObject {
  const groups = new Map<string, GatewayMethod[]>();
  for (const method of methods) {
    const name = method.triggerKind ?? method.access;
    groups.set(name, [...(groups.get(name) ?? []), method]);
  }
  const policies: [string, JsonObject][] = [...groups].map(([name, group]) => [
    name,
    {
      permissions: group.map(({ grpcPath }) => permission(grpcPath)),
      principals: principals(group[0]!, environment),
    },
  ]);
  const open = introspectionOf(role, environment);
  if (open !== undefined) policies.push(['introspection', { permissions: open.paths.map(permission), principals: [{ any: true }] }]);
  return {
    name: rbacName,
    typed_config: any('envoy.extensions.filters.http.rbac.v3.RBAC', { rules: { action: 'ALLOW', policies: Object.fromEntries(policies) } }),
  };
}

/** For a route that answers by itself: it needs no permission. */
export function rbacOff(): JsonObject {
  return any('envoy.extensions.filters.http.rbac.v3.RBACPerRoute');
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
      return [emailOf('trigger', serviceAccountEmail(triggerWorkload[triggerKind!], environment.project), environment)];
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
