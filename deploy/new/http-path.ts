import { errorText } from '../../services/platform/contracts/error-text.ts';
import type { HttpRule } from '../../services/platform/contracts/gen/types/google/api/http_pb.js';
import { parseHttpTemplate, templateKey } from '../../services/platform/contracts/http-template.ts';
import type { Method } from '../../services/platform/contracts/methods.ts';
import { UsageError } from '../../services/platform/tools/command-line.ts';
import { Mistake } from './mistake.ts';

/** The verbs that google.api.http has. */
export const verbs = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH'] as const;

/** One of them. */
type Verb = (typeof verbs)[number];

/** A field that the path sets. */
export interface PathVariable {
  readonly field: string;
  /** Such as "deals/*"; "*" where the path says nothing. */
  readonly pattern: string;
}

/** How a method is called by REST. */
export interface Route {
  readonly verb: Verb;
  /** Such as "/v1/{name=deals/*}/stats". */
  readonly path: string;
  readonly variables: readonly PathVariable[];
}

/** @throws {UsageError} for a verb or path that cannot be. */
export function parseRoute(verb: string, path: string): Route {
  const known = verbs.find((candidate) => candidate === verb.toUpperCase());
  if (known === undefined) throw new UsageError(`"${verb}" is not a verb of google.api.http: there are ${verbs.join(', ')}`);
  if (!/^\/v[1-9]\d*\/./.test(path))
    throw new UsageError(`"${path}" cannot be a path: it begins with the version, such as "/v1/{name=deals/*}"`);
  try {
    parseHttpTemplate(path);
  } catch (error) {
    throw new UsageError(`"${path}" cannot be a path: ${errorText(error)}`);
  }
  const variables = [...path.matchAll(/\{([^=}]+)(?:=([^}]+))?\}/g)].map(([, field = '', pattern = '*']) => ({ field, pattern }));
  for (const [index, { field }] of variables.entries()) {
    if (field.includes('.')) {
      throw new UsageError(
        `"${path}": "${field}" is a field within a field, whose message is for you to write: take a field of the request here`,
      );
    }
    if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(field)) throw new UsageError(`"${path}": "${field}" cannot be the name of a field`);
    if (variables.findIndex((other) => other.field === field) !== index)
      throw new UsageError(`"${path}" has the variable "${field}" twice`);
  }
  return { verb: known, path, variables };
}

/** Where a route is another method's. @throws {Mistake} */
export function checkRouteIsFree({ verb, path }: Route, methods: readonly Method[]): void {
  const wanted = `${verb} ${templateKey(parseHttpTemplate(path))}`;
  const owner = methods.find(({ http }) => http !== undefined && routesOf(http).includes(wanted));
  if (owner !== undefined) throw new Mistake(`${verb} ${path} is the route of ${owner.grpcPath.slice(1)}`);
}

function routesOf(rule: HttpRule): string[] {
  const { case: verb, value } = rule.pattern;
  const own = verb === undefined || verb === 'custom' ? [] : [`${verb.toUpperCase()} ${templateKey(parseHttpTemplate(value))}`];
  return [...own, ...rule.additionalBindings.flatMap(routesOf)];
}
