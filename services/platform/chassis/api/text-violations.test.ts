import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { storableRule } from '../../contracts/storable-text.ts';
import { HandleEventRequestSchema } from '../../testing/fixture/gen/types/sample/desk/v1/desk_pb.js';
import { ApplyEventRequestSchema, UpdateProfileRequestSchema } from '../../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import { textViolations } from './text-violations.ts';

/** As a request comes: read from its bytes. */
function fieldsAtFault<D extends DescMessage>(schema: D, init: MessageInitShape<D>): string[] {
  const violations = textViolations(schema, fromBinary(schema, toBinary(schema, create(schema, init))));
  for (const { description } of violations) expect(description).toBe(storableRule);
  return violations.map(({ field }) => field);
}

test('U+0000 is found in fields, lists and nested messages, by their paths in the proto', () => {
  const fields = fieldsAtFault(UpdateProfileRequestSchema, {
    profile: { displayName: 'a\0b', shippingAddress: { regionCode: 'JP', addressLines: ['1-2-3', '\0'], recipients: ['Alice'] } },
    updateMask: { paths: ['display_name\0'] },
  });
  expect(fields).toEqual(['profile.display_name', 'profile.shipping_address.address_lines[1]', 'update_mask.paths[0]']);
});

test('U+0000 is found in the message of a oneof', () => {
  const event = { id: 'e', aggregate: 'books/d', payload: { case: 'bookPublished', value: { title: '\0' } } } as const;
  expect(fieldsAtFault(ApplyEventRequestSchema, { event })).toEqual(['event.book_published.title']);
});

test('U+0000 is found in the keys and values of maps; such a key is not shown', () => {
  const attributes = { good: 'good', bad: 'a\0', 'a"b': '\0', 'ke\0y': 'good' };
  const fields = fieldsAtFault(HandleEventRequestSchema, { message: { attributes } });
  expect(fields).toEqual(['message.attributes["bad"]', 'message.attributes["a\\"b"]', 'message.attributes']);
});

test('U+0000 is found anywhere in a Struct', () => {
  const settings = { kty: 'EC', x: '\0', more: [{ deep: ['', 'a\0'] }] };
  expect(fieldsAtFault(UpdateProfileRequestSchema, { profile: { settings } })).toEqual([
    'profile.settings.fields["x"].string_value',
    'profile.settings.fields["more"].list_value.values[0].struct_value.fields["deep"].list_value.values[1].string_value',
  ]);
});

test('bytes may hold zeros, and every other character is text', () => {
  const data = new Uint8Array([0, 1, 0]);
  const attributes = { '\ufffe': '\uffff\u{1ffff}', '': 'a\u0001\u007f\u0085\ud83d\ude00', a: `a${'\u0301'.repeat(1000)}` };
  expect(fieldsAtFault(HandleEventRequestSchema, { message: { data, attributes } })).toEqual([]);
});
