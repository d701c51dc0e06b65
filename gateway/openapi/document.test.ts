import { getExtension, setExtension } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { Access, method as policy } from '../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { registryWith } from '../bootstrap/testing/changed-protos.ts';
import { openApiDocument } from './document.ts';
import { ReasonError } from './errors.ts';
import { segmentPatterns } from './path-parameters.ts';
import { fixtureRegistry } from './testing/fixture-registry.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests walk through JSON.
type Walked = any;

const entry = (code: string) => ({ code, meaning: 'It is.', remedy: 'Wait.' });
const reasons = {
  INVALID_ARGUMENT: entry('INVALID_ARGUMENT'),
  TOKEN_MISSING: entry('UNAUTHENTICATED'),
  TOKEN_INVALID: entry('UNAUTHENTICATED'),
  TOKEN_EXPIRED: entry('UNAUTHENTICATED'),
  PERMISSION_DENIED: entry('PERMISSION_DENIED'),
  NOT_FOUND: entry('NOT_FOUND'),
  SHELF_FULL: entry('FAILED_PRECONDITION'),
};
const errors = { reasons, domain: 'fixture.example' };
const registry = fixtureRegistry();
const document: Walked = openApiDocument({ audience: 'partners', title: 'Fixture', errors, registry });
const put = document.paths['/v1/shelves/{shelf}/things/{thing}'].put;
const find = document.paths['/v1/things'].get;
const { schemas } = document.components;
const thing = put.requestBody.content['application/json'].schema;

describe('paths', () => {
  test('have a parameter for each segment that is open, called as resources are, with its part of the expression', () => {
    expect(put.parameters.filter(({ in: where }: Walked) => where === 'path')).toMatchObject([
      { name: 'shelf', required: true, schema: { pattern: '^[a-z]{1,9}$' } },
      { name: 'thing', required: true, schema: { pattern: '^[a-z0-9/]{1,9}$' } },
    ]);
  });

  test('are one for each binding, the others with numbered ids', () => {
    const other = document.paths['/v1/shelves/{shelf}/things:put'].post;
    expect([put.operationId, other.operationId]).toEqual(['putThing', 'putThing_2']);
    expect(other.parameters).toMatchObject([{ name: 'shelf', in: 'path' }]);
  });

  test.each([
    ['^deals/[a-z/]{1,4}$', 2, ['^deals$', '^[a-z/]{1,4}$']],
    ['^(deals/[a-z]+)?$', 2, ['^deals$', '^[a-z]+$']],
    ['^a\\/b/c$', 2, ['^a\\/b$', '^c$']],
    ['^(a|b)/c$', 2, ['^(a|b)$', '^c$']],
    ['^a/b|c/d$', 2, undefined],
    ['a/b', 2, undefined],
    ['^a/b/c$', 2, undefined],
    [undefined, 1, undefined],
  ])('an expression %s is split into %i parts, where it has them', (pattern, count, parts) => {
    expect(segmentPatterns(pattern, count)).toEqual(parts);
  });
});

describe('the query', () => {
  test('has what neither path nor body sets, by JSON names', () => {
    expect(put.parameters.slice(2)).toMatchObject([
      { name: 'dryRun', in: 'query', schema: { type: 'boolean' } },
      { name: 'requestId', in: 'query', schema: { type: 'string', format: 'uuid' } },
    ]);
    expect(put.parameters[3].required).toBeUndefined();
  });

  test('has fields of messages by dots and lists by repetition, and neither maps nor lists of messages nor what has no end', () => {
    expect(find.parameters.map(({ name, schema }: Walked) => [name, schema.type])).toEqual([
      ['range.least', 'integer'],
      ['range.most', 'string'],
      ['colours', 'array'],
      ['age', 'string'],
    ]);
  });
});

describe('bodies', () => {
  test('lack what the path sets, and take nothing that is not known', () => {
    expect(thing.properties).not.toHaveProperty('name');
    expect(thing).toMatchObject({ type: 'object', additionalProperties: false });
    expect(schemas.ThingInput.properties).toHaveProperty('name');
  });

  test('require what cannot be zero, and never a whole oneof', () => {
    expect(thing.required).toEqual(['marks', 'weight']);
    expect(thing.allOf).toEqual([
      { oneOf: [{ required: ['metres'] }, { required: ['words'] }] },
      {
        oneOf: [{ required: ['rgb'] }, { required: ['clear'] }, { not: { anyOf: [{ required: ['rgb'] }, { required: ['clear'] }] } }],
      },
    ]);
  });

  test('that are no JSON are any bytes, and so are answers', () => {
    const upload = document.paths['/v1/pictures'].post;
    expect(upload.requestBody).toEqual({ description: "The picture's bytes.", required: true, content: { '*/*': { schema: {} } } });
    expect(upload.responses['200'].content).toEqual({ '*/*': { schema: {} } });
  });

  test.each<[string, Walked]>([
    ['words', { type: 'string', minLength: 2, maxLength: 9, description: 'In words.' }],
    ['metres', { type: 'number', format: 'double' }],
    ['rgb', { type: 'integer', format: 'uint32', minimum: 0, maximum: 4294967295 }],
    [
      'labels',
      {
        type: 'object',
        additionalProperties: { $ref: '#/components/schemas/Thing.LabelInput' },
        propertyNames: { pattern: '^[a-z]+$' },
        maxProperties: 3,
      },
    ],
    ['marks', { type: 'array', items: { type: 'string', maxLength: 5 }, minItems: 1, maxItems: 4, uniqueItems: true }],
    ['kind', { $ref: '#/components/schemas/Thing.Kind' }],
    ['picture', { type: 'string', contentEncoding: 'base64', description: 'At most 100 bytes.' }],
    ['weight', { type: 'string', format: 'int64', pattern: '^[1-9][0-9]{0,18}$', description: 'More than 0, at most 500.' }],
    ['count', { type: 'string', format: 'uint64' }],
    ['makeTime', { type: 'string', format: 'date-time', readOnly: true }],
    ['age', { type: 'string', pattern: '^-?[0-9]{1,11}(\\.[0-9]{1,9})?s$' }],
    ['notes', { type: 'object' }],
    ['extra', { type: 'object', required: ['@type'] }],
    ['price', { type: 'string', format: 'int64' }],
    ['around', { $ref: '#/components/schemas/ThingInput', description: 'What it is inside of.' }],
    ['owner', { type: 'string', deprecated: true }],
  ])('say of a field what its type and rules say: %s', (name, expected) => {
    expect(thing.properties[name]).toMatchObject(expected);
  });

  test('enumerations are their names, with what each means', () => {
    expect(schemas['Thing.Kind']).toEqual({
      type: 'string',
      description: 'What it is.\n\n- `KIND_UNSPECIFIED`: \n- `KIND_WOODEN`: Of wood.',
      enum: ['KIND_UNSPECIFIED', 'KIND_WOODEN'],
    });
  });

  test('say in words what JSON Schema has no word for', () => {
    expect(schemas.ThingInput.description).toBe('A thing. a thing is sound');
  });
});

describe('answers', () => {
  test('may have more fields one day, and are held against no rules', () => {
    expect(schemas.Thing).not.toHaveProperty('additionalProperties');
    expect(schemas.Thing).not.toHaveProperty('required');
    expect(schemas.Thing.properties.marks).toEqual({ type: 'array', items: { type: 'string' } });
  });

  test('of a stream say that they are lines', () => {
    expect(find.responses['200']).toMatchObject({
      description: expect.stringContaining('on each line'),
      content: { 'application/x-ndjson': { schema: { $ref: '#/components/schemas/Thing' } } },
    });
  });

  test('that refuse are by status, with the reasons of the method and its kind of caller', () => {
    const { responses } = put;
    expect(Object.keys(responses)).toEqual(['200', '400', '401', '403', '404', 'default']);
    expect(Object.keys(responses['400'].content['application/json'].examples)).toEqual(['INVALID_ARGUMENT', 'SHELF_FULL']);
    expect(document.components.examples.SHELF_FULL.value).toEqual({
      code: 9,
      message: 'It is.',
      details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'SHELF_FULL', domain: 'fixture.example', metadata: {} }],
    });
  });

  test('name no reason that nobody has explained', () => {
    const { SHELF_FULL: _, ...rest } = reasons;
    const derive = () => openApiDocument({ audience: 'partners', title: 'Fixture', errors: { ...errors, reasons: rest }, registry });
    expect(derive).toThrow(ReasonError);
    expect(derive).toThrow(/ShelfService\/PutThing: its reason "SHELF_FULL" is in no table/);
  });
});

describe('who may call', () => {
  test('needs a token, or says that none is needed', () => {
    expect(put.security).toEqual([{ partnerToken: [] }]);
    expect(document.paths['/v1/pictures'].post.security).toEqual([]);
    expect(document.components.securitySchemes.partnerToken).toMatchObject({ type: 'http', scheme: 'bearer' });
  });

  test('decides whose document a method is in: a changed policy is a changed document', () => {
    const changed = registryWith('CustomerService/GetProfile', (options) => {
      setExtension(options, policy, { ...getExtension(options, policy), access: Access.OPERATOR, reasons: [] });
    });
    const all = { ...errors, reasons: new Proxy(reasons, { get: () => entry('FAILED_PRECONDITION') }) };
    const pathsOf = (audience: 'customers' | 'operators', registry?: typeof changed): Walked =>
      openApiDocument({ audience, title: 'Fixture', errors: all, ...(registry && { registry }) })['paths'];
    expect(pathsOf('customers')['/v1/profile'].get).toBeDefined();
    expect(pathsOf('customers', changed)['/v1/profile'].get).toBeUndefined();
    expect(pathsOf('operators', changed)['/v1/profile'].get.security).toEqual([{ operatorToken: [] }]);
  });
});
