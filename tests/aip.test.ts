import { createFileRegistry, type DescField, type DescMessage, type DescMethod, getOption, hasOption } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { FieldBehavior, field_behavior } from '../services/platform/contracts/gen/types/google/api/field_behavior_pb.js';
import { resource, resource_reference } from '../services/platform/contracts/gen/types/google/api/resource_pb.js';
import { Access } from '../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { listMethods, readDescriptorSet } from '../services/platform/contracts/methods.ts';

const registry = createFileRegistry(readDescriptorSet());
const messages = [...registry].filter((type) => type.kind === 'message' && type.typeName.startsWith('kumiko.')) as DescMessage[];
const resources = messages.filter((message) => hasOption(message, resource));
/** What people and their programs call: what services and triggers call follows other habits. */
const methods = listMethods(registry)
  .filter(({ policy, http }) => http !== undefined && policy?.access !== Access.TRIGGER && policy?.access !== Access.SERVICE)
  .map(({ desc }) => desc);
const named = (start: string) => methods.filter(({ name }) => name.startsWith(start));

const behaviours = (field: DescField): readonly FieldBehavior[] => getOption(field, field_behavior);
const fieldOf = ({ fields }: DescMessage, name: string) => fields.find((field) => field.name === name);
const show = ({ parent, name }: DescMethod | DescField) => `${parent?.typeName}.${name}`;

describe('docs/reference/aip.md: resources', () => {
  test('there are some', () => expect([resources.length, methods.length]).toEqual([10, expect.any(Number)]));

  test('have types that are theirs alone, and end with their messages’ names', () => {
    const types = resources.map((message) => [message.name, getOption(message, resource).type.split('/')[1]]);
    expect(types.filter(([message, type]) => message !== type)).toEqual([]);
    expect(new Set(resources.map((message) => getOption(message, resource).type)).size).toBe(resources.length);
  });

  test('are named by an identifier', () => {
    const others = resources.filter((message) => !behaviours(fieldOf(message, 'name')!).includes(FieldBehavior.IDENTIFIER));
    expect(others.map(({ typeName }) => typeName)).toEqual([]);
  });

  test('say of each field how it behaves', () => {
    expect(resources.flatMap(({ fields }) => fields.filter((field) => behaviours(field).length === 0).map(show))).toEqual([]);
  });

  test('have times that are moments and are output only', () => {
    const times = resources.flatMap(({ fields }) => fields.filter(({ name }) => name.endsWith('_time')));
    const wrong = times.filter(
      (field) =>
        field.fieldKind !== 'message' ||
        field.message.typeName !== 'google.protobuf.Timestamp' ||
        !behaviours(field).includes(FieldBehavior.OUTPUT_ONLY),
    );
    expect(wrong.map(show)).toEqual([]);
  });

  test('refer to types that there are', () => {
    const types = new Set(resources.map((message) => getOption(message, resource).type));
    const referring = messages.flatMap(({ fields }) => fields.filter((field) => hasOption(field, resource_reference)));
    expect(referring.length).toBeGreaterThan(20);
    expect(referring.filter((field) => !types.has(getOption(field, resource_reference).type)).map(show)).toEqual([]);
  });
});

describe('docs/reference/aip.md: methods', () => {
  test('that list are paginated', () => {
    const lists = named('List');
    expect(lists.length).toBe(9);
    const whole = lists.filter(
      ({ input, output }) => !fieldOf(input, 'page_size') || !fieldOf(input, 'page_token') || !fieldOf(output, 'next_page_token'),
    );
    expect(whole.map(show)).toEqual([]);
  });

  test('that filter can be ordered', () => {
    const lists = named('List').filter(({ input }) => fieldOf(input, 'filter'));
    expect(lists.length).toBe(5);
    expect(lists.filter(({ input }) => !fieldOf(input, 'order_by')).map(show)).toEqual([]);
  });

  test('that update have a mask and an etag, and return the resource', () => {
    const updates = named('Update');
    expect(updates.length).toBe(3);
    const wrong = updates.filter(
      ({ input, output }) => !fieldOf(input, 'update_mask') || !fieldOf(output, 'etag') || !hasOption(output, resource),
    );
    expect(wrong.map(show)).toEqual([]);
  });

  test('that delete return nothing, and check an etag', () => {
    const deletions = named('Delete');
    expect(deletions.map(({ input, output }) => [output.typeName, fieldOf(input, 'etag')?.name])).toEqual([
      ['google.protobuf.Empty', 'etag'],
    ]);
  });

  test('take request ids that may be left out', () => {
    const ids = methods.flatMap(({ input }) => fieldOf(input, 'request_id') ?? []);
    expect(ids.length).toBe(3);
    expect(ids.filter((field) => !behaviours(field).includes(FieldBehavior.OPTIONAL)).map(show)).toEqual([]);
  });

  test('count no seconds by hand', () => {
    expect(messages.flatMap(({ fields }) => fields.filter(({ name }) => /_(seconds|minutes|ms)$/.test(name)).map(show))).toEqual([]);
  });
});
