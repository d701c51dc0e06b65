import type { HttpRule } from './gen/types/google/api/http_pb.js';

/** The fields that the paths of a method's REST bindings set, by their paths in the proto's names, such as "name" or "deal.name". */
export function pathVariables(rule: HttpRule): readonly string[] {
  const templates = [rule, ...rule.additionalBindings].map(({ pattern }) => (typeof pattern.value === 'string' ? pattern.value : ''));
  return [...new Set(templates.flatMap((template) => [...template.matchAll(/\{([a-z0-9_.]+)/g)].map(([, name = '']) => name)))];
}
