import type { Random } from '../../gateway/conformance/fuzz/random.ts';
import { textOf } from '../../gateway/openapi/samples.ts';
import { type ApiDocument, bodySchema, type Operation, type Schema } from './api-document.ts';
import { isInt64 } from './formats.ts';
import type { Trial } from './trial.ts';

/** A request that the document says is good, from nothing but the document: half of them near its example, which keeps the rules that are in words. */
export function goodTrial(random: Random, api: ApiDocument, operation: Operation): Trial {
  const path: Record<string, string> = {};
  const query: [string, string][] = [];
  for (const parameter of operation.parameters) {
    const { name, schema, example, required } = parameter;
    const value = () => String(goodValue(random, api, schema, name));
    if (parameter.in === 'path') path[name] = random.oneIn(3) ? String(example) : value();
    else if (schema.type === 'array')
      for (let n = random.below(3); n > 0; n--) query.push([name, String(goodValue(random, api, schema.items!, name))]);
    else if (required === true || random.oneIn(3)) query.push([name, value()]);
  }
  const schema = bodySchema(operation);
  const example = operation.requestBody?.content['application/json']?.example;
  const body = () =>
    example !== undefined && random.oneIn(2) ? nearExample(random, api, schema!, example) : goodValue(random, api, schema!, 'body');
  return {
    operation,
    token: 'right',
    path,
    query,
    body:
      schema !== undefined
        ? { json: body() }
        : operation.requestBody !== undefined
          ? { text: random.bytes(random.below(60)).toString('base64') }
          : undefined,
  };
}

/** A value that keeps a schema. */
function goodValue(random: Random, api: ApiDocument, given: Schema, name: string, depth = 0): unknown {
  const schema = api.resolve(given);
  if (schema.enum !== undefined) return random.pick(schema.enum);
  switch (schema.type) {
    case 'string':
      return goodText(random, schema);
    case 'integer': {
      const { minimum = -100, maximum = 100 } = schema;
      return random.pick([minimum, maximum, minimum + random.below(Math.min(1000, maximum - minimum + 1))]);
    }
    case 'number':
      return random.below(1000) / 8;
    case 'boolean':
      return random.oneIn(2);
    case 'array':
      return Array.from({ length: random.below(4) }, () => goodValue(random, api, schema.items ?? {}, name, depth + 1));
    case 'object': {
      const properties = Object.entries(schema.properties ?? {}).filter(
        ([key]) => schema.required?.includes(key) === true || (depth < 4 && random.oneIn(2)),
      );
      return Object.fromEntries(properties.map(([key, inner]) => [key, goodValue(random, api, inner, key, depth + 1)]));
    }
    default:
      return random.pick([1, 'x', true, {}, []]);
  }
}

/** The example with some of its texts and numbers made anew, each by its schema. */
function nearExample(random: Random, api: ApiDocument, given: Schema, example: unknown): unknown {
  const schema = api.resolve(given);
  if (typeof example !== 'object' || example === null || Array.isArray(example))
    return random.oneIn(4) ? goodValue(random, api, schema, '') : example;
  return Object.fromEntries(
    Object.entries(example)
      .filter(([key]) => schema.required?.includes(key) === true || !random.oneIn(12))
      // A UUID is said once.
      .map(([key, value]) => [
        key,
        schema.properties?.[key]?.format === 'uuid'
          ? goodText(random, schema.properties[key])
          : nearExample(random, api, schema.properties?.[key] ?? {}, value),
      ]),
  );
}

const letters = ['a', 'Z', '7', '-', ' ', 'é', '組', '🎁', '"', '\\', '<', '%', '\u200b'];

function goodText(random: Random, { format, pattern, minLength = 0, maxLength = 40 }: Schema): string {
  const next = () => random.below(1 << 30) / (1 << 30);
  if (format === 'date-time') return new Date(random.below(2 ** 31) * 1000).toISOString();
  if (pattern !== undefined) {
    const text = textOf(new RegExp(pattern, 'u'), next);
    // As many digits may be too large.
    return format === 'int64' && !isInt64(text) ? text.slice(0, 18) : text;
  }
  const length = random.pick([minLength, maxLength, minLength + random.below(Math.min(maxLength, 60) - minLength + 1)]);
  return Array.from({ length }, () => random.pick(letters)).join('');
}
