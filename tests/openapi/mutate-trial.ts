import type { Random } from '../../gateway/conformance/fuzz/random.ts';
import { type ApiDocument, bodySchema, type Schema } from './api-document.ts';
import { snake } from './snake.ts';
import type { TokenKind, Trial } from './trial.ts';

/** One change to a request, after which the document may say something else of it. */
type Mutation = (random: Random, api: ApiDocument, trial: Trial) => Trial;

const mutations: Readonly<Record<string, Mutation>> = {
  token: (random, _api, trial) => ({ ...trial, token: random.pick<TokenKind>(['none', 'of-another-audience', 'expired', 'garbage']) }),

  path: (random, _api, trial) => {
    const names = Object.keys(trial.path);
    if (names.length === 0) return trial;
    const name = random.pick(names);
    return {
      ...trial,
      path: { ...trial.path, [name]: random.pick(['UPPER', 'a b', 'x'.repeat(65), 'ü', 'a.b', 'a_b', '-', 'x'.repeat(64), 'a@b']) },
    };
  },

  'unknown parameter': (random, _api, trial) => withQuery(trial, random.pick(['colour', 'pagesize', 'titel', 'access_token']), 'x'),

  'parameter twice': (random, _api, trial) => (trial.query.length === 0 ? trial : withQuery(trial, ...random.pick(trial.query))),

  "parameter by the proto's name": (random, _api, trial) => {
    if (trial.query.length === 0) return trial;
    const chosen = random.pick(trial.query);
    return { ...trial, query: trial.query.map((entry) => (entry === chosen ? [snake(entry[0]), entry[1]] : entry)) };
  },

  'parameter left out': (random, _api, trial) => {
    const left = trial.query.length === 0 ? undefined : random.pick(trial.query);
    return { ...trial, query: trial.query.filter((entry) => entry !== left) };
  },

  'value of a parameter': (random, _api, trial) => {
    const parameters = trial.operation.parameters.filter((parameter) => parameter.in === 'query');
    if (parameters.length === 0) return trial;
    const { name, schema } = random.pick(parameters);
    const value = String(random.pick(oddValues(schema)));
    return { ...trial, query: [...trial.query.filter(([one]) => one !== name), [name, value]] };
  },

  'no JSON': (random, _api, trial) =>
    bodySchema(trial.operation) === undefined
      ? trial
      : { ...trial, body: { text: random.pick(['{', '{"a":}', 'null x', '[1', '{"a" 1}', "{'a':1}"]) } },

  'no object': (random, _api, trial) =>
    bodySchema(trial.operation) === undefined ? trial : { ...trial, body: { json: random.pick<unknown>([[], 'text', 7, true, [{}]]) } },

  'unknown field': (random, api, trial) =>
    inBody(random, api, trial, (object) => ({
      ...object,
      [random.pick(['titel', 'x', 'Name', 'deal_', '$'])]: random.pick([1, 'x', {}, []]),
    })),

  "field by the proto's name": (random, api, trial) =>
    inBody(random, api, trial, (object) => {
      const keys = Object.keys(object);
      if (keys.length === 0) return object;
      const renamed = random.pick(keys);
      return Object.fromEntries(Object.entries(object).map(([key, value]) => [key === renamed ? snake(key) : key, value]));
    }),

  'field left out': (random, api, trial) =>
    inBody(random, api, trial, (object) => {
      const left = random.pick([...Object.keys(object), '']);
      return Object.fromEntries(Object.entries(object).filter(([key]) => key !== left));
    }),

  'value of a field': (random, api, trial) =>
    inBody(random, api, trial, (object, schema) => {
      const entries = Object.entries(schema.properties ?? {});
      if (entries.length === 0) return object;
      const [key, property] = random.pick(entries);
      return { ...object, [key]: random.pick(oddValues(api.resolve(property))) };
    }),
};

/** The names of what can be changed. */
export const mutationNames: readonly string[] = Object.keys(mutations);

/** Changes a request in one way. */
export function mutateTrial(random: Random, api: ApiDocument, trial: Trial, name: string): Trial {
  return mutations[name]!(random, api, trial);
}

function withQuery(trial: Trial, name: string, value: string): Trial {
  return { ...trial, query: [...trial.query, [name, value]] };
}

/** Changes the body, or an object somewhere inside of it. */
function inBody(
  random: Random,
  api: ApiDocument,
  trial: Trial,
  change: (object: Readonly<Record<string, unknown>>, schema: Schema) => unknown,
): Trial {
  const schema = bodySchema(trial.operation);
  if (schema === undefined || trial.body === undefined || !('json' in trial.body)) return trial;
  const inside = (value: unknown, given: Schema): unknown => {
    const resolved = api.resolve(given);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const object = value as Readonly<Record<string, unknown>>;
    const inner = Object.keys(object).filter((key) => {
      const property = resolved.properties?.[key];
      return property !== undefined && api.resolve(property).properties !== undefined;
    });
    if (inner.length === 0 || random.oneIn(2)) return change(object, resolved);
    const key = random.pick(inner);
    return { ...object, [key]: inside(object[key], resolved.properties![key]!) };
  };
  const json = inside(trial.body.json, schema);
  return json === trial.body.json ? trial : { ...trial, body: { json } };
}

/** Values at and beyond the edges of a schema, and of other types. */
function oddValues({ type, format, enum: values, minimum, maximum, minLength, maxLength, pattern }: Schema): unknown[] {
  const others = [null, 'x', 7, -1, 1.5, true, [], {}, [1], ''];
  if (values !== undefined) return [...others, 'STATE_NONE', values[0]!.toLowerCase(), 1, 99, values.at(-1)];
  if (type === 'integer') return [...others, minimum! - 1, maximum! + 1, minimum, maximum, '3', '3.5', 3.5, 1e20, '0x1'];
  if (/int64$/.test(format ?? '')) {
    return [
      ...others,
      0,
      12,
      '0',
      '12',
      '-1',
      '1.5',
      '1e3',
      '9223372036854775807',
      '9223372036854775808',
      '99999999999999999999',
      '007',
      1e30,
      '+1',
    ];
  }
  if (type === 'string') {
    return [
      ...others,
      'x'.repeat((maxLength ?? 40) + 1),
      '組'.repeat(maxLength ?? 10),
      'x'.repeat(Math.max(0, (minLength ?? 0) - 1)),
      ...(format === 'uuid'
        ? ['urn:uuid:0a8d2c4e-7b1f-4c53-9a6e-2f8b1d3c5e70', '0A8D2C4E-7B1F-4C53-9A6E-2F8B1D3C5E70', '0a8d2c4e7b1f4c539a6e2f8b1d3c5e70']
        : []),
      ...(format === 'date-time' ? ['2026-01-02', '2026-13-02T03:04:05Z', '2026-01-02T03:04:05+09:00', 'now'] : []),
      ...(pattern === undefined ? [] : ['deals/', 'deals/UPPER', 'deals/a/b', 'a b']),
    ];
  }
  return others;
}
