import type { HttpRule } from './gen/types/google/api/http_pb.js';

/**
 * Path templates of google.api.http (the grammar stands in google/api/http.proto), as grpc-httpjson-transcoding matches them: at each
 * segment a literal wins over "*", and "*" over "**".
 */
export interface HttpTemplate {
  /** Literals as they are, "*" and "**". */
  readonly segments: readonly string[];
  /** The custom verb behind the last ":", or undefined. */
  readonly verb: string | undefined;
  /** What the path sets, in its order. */
  readonly variables: readonly TemplateVariable[];
}

/** A field that a path sets. */
interface TemplateVariable {
  /** By its path in the proto's names, such as "name" or "deal.name". */
  readonly field: string;
  /** Its first segment among the template's. */
  readonly from: number;
  /** The segment behind its last one. */
  readonly to: number;
}

const literal = /^[A-Za-z0-9._~-]+$/;

/**
 * Parses a template such as "/v1/{name=deals/*}:publish".
 *
 * @throws where the template is not one, or where something other than literals follows "**", which the transcoder refuses.
 */
export function parseHttpTemplate(template: string): HttpTemplate {
  const variables: TemplateVariable[] = [];
  let flat = '';
  let end = 0;
  for (const match of template.matchAll(/\{([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*)(?:=([^{}]+))?\}/g)) {
    const [whole, field = '', pattern = '*'] = match;
    flat += template.slice(end, match.index);
    end = match.index + whole.length;
    const from = flat.split('/').length - 2;
    variables.push({ field, from, to: from + pattern.split('/').length });
    flat += pattern;
  }
  flat += template.slice(end);
  const [, path, verb] = /^(\/[^:]*)(?::([A-Za-z0-9_-]+))?$/.exec(flat) ?? [];
  if (path === undefined || /[{}]/.test(flat)) throw new Error(`"${template}" is not a path template of google.api.http`);
  const segments = path.slice(1).split('/');
  const wrong = segments.find((segment) => segment !== '*' && segment !== '**' && !literal.test(segment));
  if (wrong !== undefined) throw new Error(`"${template}" is not a path template of google.api.http: segment "${wrong}"`);
  const deep = segments.indexOf('**');
  if (deep >= 0 && segments.slice(deep + 1).some((segment) => segment.includes('*'))) {
    throw new Error(`"${template}": only literals may follow "**", anything else is unreachable in the transcoder`);
  }
  return { segments, verb, variables };
}

/** One text for all templates that match the same paths. The names of variables do not count. */
export function templateKey({ segments, verb }: HttpTemplate): string {
  return `/${segments.join('/')}${verb === undefined ? '' : `:${verb}`}`;
}

/** The fields that the paths of a method's REST bindings set. */
export function pathVariables(rule: HttpRule): readonly string[] {
  const templates = [rule, ...rule.additionalBindings].flatMap(({ pattern }) => (typeof pattern.value === 'string' ? [pattern.value] : []));
  return [...new Set(templates.flatMap((template) => parseHttpTemplate(template).variables.map(({ field }) => field)))];
}
