import type { DescField, DescMessage } from '@bufbuild/protobuf';
import type { HttpTemplate } from '../../services/platform/contracts/http-template.ts';
import type { JsonObject } from '../bootstrap/json.ts';
import { commentOf } from './comments.ts';
import { rulesOf } from './rules.ts';
import { sampleText } from './samples.ts';

/** A path as OpenAPI writes it, and the parameters in it. */
interface DocumentPath {
  /** Such as "/v1/partner/deals/{deal}:publish". */
  readonly path: string;
  readonly parameters: readonly JsonObject[];
  /** The fields of the request that the path sets, by their paths in the proto's names, with a sample of each. */
  readonly fields: ReadonlyMap<string, string>;
}

/** One parameter for each "*" of a template, since OpenAPI knows no names of more than one segment: "{name=deals/*}" is "deals/{deal}". */
export function documentPath(template: HttpTemplate, input: DescMessage, names: ReadonlyMap<string, string>): DocumentPath {
  const { segments, verb, variables } = template;
  const shown = [...segments];
  const sampled = [...segments];
  const parameters: JsonObject[] = [];
  for (const { field: path, from, to } of variables) {
    const field = fieldAt(input, path);
    const patterns = segmentPatterns(textPattern(field), to - from);
    for (let index = from; index < to; index++) {
      if (!segments[index]?.includes('*')) continue;
      const collection = segments[index - 1] ?? '';
      const name = (index > from || to - from > 1 ? names.get(collection) : undefined) ?? field.jsonName;
      const pattern = patterns?.[index - from] ?? (segments[index] === '**' ? '^.+$' : '^[^/]+$');
      const example = sampleText(name, { pattern });
      shown[index] = `{${name}}`;
      sampled[index] = example;
      const description = commentOf(field);
      parameters.push({
        name,
        in: 'path',
        required: true,
        ...(description !== undefined && { description }),
        schema: { type: 'string', pattern },
        example,
      });
    }
  }
  const fields = new Map(variables.map(({ field, from, to }) => [field, sampled.slice(from, to).join('/')]));
  return { path: `/${shown.join('/')}${verb === undefined ? '' : `:${verb}`}`, parameters, fields };
}

/** The field at a path such as "deal.name". @throws {TypeError} where there is none. */
export function fieldAt(message: DescMessage, path: string): DescField {
  const [name, ...rest] = path.split('.');
  const field = message.fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new TypeError(`${message.typeName} has no field "${name}", which a path of google.api.http sets`);
  return rest.length === 0 || field.message === undefined ? field : fieldAt(field.message, rest.join('.'));
}

function textPattern(field: DescField): string | undefined {
  const type = rulesOf(field)?.type;
  return type?.case === 'string' && type.value.pattern !== '' ? type.value.pattern : undefined;
}

/**
 * The parts of an expression for a whole name, such as "^deals/[a-z0-9-]{1,64}$", by its segments, each for itself; undefined where it has no such parts. A
 * path always has something, so an expression that allows nothing as well, "^(…)?$", is read without that.
 */
export function segmentPatterns(pattern: string | undefined, count: number): string[] | undefined {
  const [, whole] = /^\^\((.*)\)\?\$$/.exec(pattern ?? '') ?? /^\^(.*)\$$/.exec(pattern ?? '') ?? [];
  if (whole === undefined) return undefined;
  const parts = [''];
  let depth = 0;
  for (const [token] of whole.matchAll(/\\.|[\s\S]/g)) {
    if (token === '[' || token === '(') depth += 1;
    if (token === ']' || token === ')') depth -= 1;
    if (token === '|' && depth === 0) return undefined;
    if (token === '/' && depth === 0) parts.push('');
    else parts[parts.length - 1] += token;
  }
  return parts.length === count ? parts.map((part) => `^${part}$`) : undefined;
}
