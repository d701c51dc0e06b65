import * as z from 'zod';
import { headerMatcher, stringMatcher } from './config/matcher-config.ts';
import type { HttpStream } from './http-stream.ts';
import { compileHeaderMatcher, compileStringMatcher, pathOf } from './matchers.ts';

/** Judges a stream. */
export type StreamPredicate = (stream: HttpStream) => boolean;

const valueMatcher = z.union([
  z.strictObject({ string_match: stringMatcher }),
  z.strictObject({ bool_match: z.boolean() }),
  z.strictObject({ present_match: z.boolean() }),
  z.strictObject({ double_match: z.strictObject({ exact: z.number() }) }),
  z.strictObject({ list_match: z.strictObject({ one_of: z.strictObject({ string_match: stringMatcher }) }) }),
]);
const metadataMatcher = z.strictObject({
  filter: z.string().min(1),
  path: z.array(z.strictObject({ key: z.string().min(1) })).min(1),
  value: valueMatcher,
  invert: z.boolean().default(false),
});

const leaf = {
  any: z.strictObject({ any: z.literal(true) }),
  header: z.strictObject({ header: headerMatcher }),
  urlPath: z.strictObject({ url_path: z.strictObject({ path: stringMatcher }) }),
  metadata: z.strictObject({ metadata: metadataMatcher }),
};

type Leaf = z.output<(typeof leaf)[keyof typeof leaf]>;
type Permission = Leaf | { and_rules: { rules: Permission[] } } | { or_rules: { rules: Permission[] } } | { not_rule: Permission };
type Principal = Leaf | { and_ids: { ids: Principal[] } } | { or_ids: { ids: Principal[] } } | { not_id: Principal };

const permission: z.ZodType<Permission> = z.lazy(() =>
  z.union([
    ...Object.values(leaf),
    z.strictObject({ and_rules: z.strictObject({ rules: z.array(permission).min(1) }) }),
    z.strictObject({ or_rules: z.strictObject({ rules: z.array(permission).min(1) }) }),
    z.strictObject({ not_rule: permission }),
  ]),
);
const principal: z.ZodType<Principal> = z.lazy(() =>
  z.union([
    ...Object.values(leaf),
    z.strictObject({ and_ids: z.strictObject({ ids: z.array(principal).min(1) }) }),
    z.strictObject({ or_ids: z.strictObject({ ids: z.array(principal).min(1) }) }),
    z.strictObject({ not_id: principal }),
  ]),
);

/** envoy.config.rbac.v3.RBAC. */
export const rbacRules = z.strictObject({
  action: z.enum(['ALLOW', 'DENY']).default('ALLOW'),
  policies: z
    .record(z.string(), z.strictObject({ permissions: z.array(permission).min(1), principals: z.array(principal).min(1) }))
    .default({}),
});

/** Compiles policies: a stream matches one where some permission and some principal match. ALLOW without a match denies. */
export function compilePolicies(rules: z.output<typeof rbacRules>): StreamPredicate {
  const policies = Object.values(rules.policies).map(({ permissions, principals }) => ({
    paths: exactPaths(permissions),
    permissions: permissions.map(compileRule),
    principals: principals.map(compileRule),
  }));
  const matches: StreamPredicate = (stream) => {
    const path = pathOf(stream.request.get(':path') ?? '');
    return policies.some(
      ({ paths, permissions, principals }) =>
        (paths === undefined ? permissions.some((rule) => rule(stream)) : paths.has(path)) && principals.some((rule) => rule(stream)),
    );
  };
  return rules.action === 'ALLOW' ? matches : (stream) => !matches(stream);
}

/** The paths, where permissions are nothing but exact paths: then a set decides. */
function exactPaths(permissions: readonly Permission[]): ReadonlySet<string> | undefined {
  const paths = permissions.map((one) => ('url_path' in one && !one.url_path.path.ignore_case ? one.url_path.path.exact : undefined));
  return paths.every((path) => path !== undefined) ? new Set(paths as string[]) : undefined;
}

function compileRule(rule: Permission | Principal): StreamPredicate {
  if ('any' in rule) return () => true;
  if ('and_rules' in rule) return every(rule.and_rules.rules);
  if ('and_ids' in rule) return every(rule.and_ids.ids);
  if ('or_rules' in rule) return some(rule.or_rules.rules);
  if ('or_ids' in rule) return some(rule.or_ids.ids);
  if ('not_rule' in rule) return not(rule.not_rule);
  if ('not_id' in rule) return not(rule.not_id);
  if ('header' in rule) {
    const matches = compileHeaderMatcher(rule.header);
    return (stream) => matches(stream.request);
  }
  if ('url_path' in rule) {
    const matches = compileStringMatcher(rule.url_path.path);
    return (stream) => matches(pathOf(stream.request.get(':path') ?? ''));
  }
  return compileMetadata(rule.metadata);
}

function every(rules: readonly (Permission | Principal)[]): StreamPredicate {
  const compiled = rules.map(compileRule);
  return (stream) => compiled.every((rule) => rule(stream));
}

function some(rules: readonly (Permission | Principal)[]): StreamPredicate {
  const compiled = rules.map(compileRule);
  return (stream) => compiled.some((rule) => rule(stream));
}

function not(rule: Permission | Principal): StreamPredicate {
  const compiled = compileRule(rule);
  return (stream) => !compiled(stream);
}

function compileMetadata({ filter, path, value, invert }: z.output<typeof metadataMatcher>): StreamPredicate {
  const keys = path.map(({ key }) => key);
  const matches = compileValue(value);
  return (stream) => {
    let found: unknown = stream.metadata[filter];
    for (const key of keys)
      found =
        typeof found === 'object' && found !== null && Object.hasOwn(found, key) ? (found as Record<string, unknown>)[key] : undefined;
    return matches(found) !== invert;
  };
}

function compileValue(matcher: z.output<typeof valueMatcher>): (value: unknown) => boolean {
  if ('string_match' in matcher) {
    const matches = compileStringMatcher(matcher.string_match);
    return (value) => typeof value === 'string' && matches(value);
  }
  if ('bool_match' in matcher) return (value) => value === matcher.bool_match;
  if ('present_match' in matcher) return (value) => (value !== undefined) === matcher.present_match;
  if ('double_match' in matcher) return (value) => value === matcher.double_match.exact;
  const matches = compileStringMatcher(matcher.list_match.one_of.string_match);
  return (value) => Array.isArray(value) && value.some((item) => typeof item === 'string' && matches(item));
}
