import { create, type DescMessage, type JsonValue, toBinary } from '@bufbuild/protobuf';
import { anyPack, StructSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { isRedacted, masked, maskedJson, maskedMessage } from './mask-message.ts';
import { readMessageTypes } from './message-types.ts';

const types = readMessageTypes();
const everyMessage = [...types.registry].filter((type) => type.kind === 'message');
/** Each message of ours that has a marked field, with the field. */
const marked = everyMessage.flatMap((type) => type.fields.filter(isRedacted).map((field) => ({ type, field })));
const secret = 'plant-7f3a';

/** A message of a type in which every text, however deep, is the secret where it is marked, and "open" elsewhere. */
function planted(type: DescMessage, isMarked = false, depth = 0): JsonValue {
  if (type.typeName.startsWith('google.protobuf.')) return null;
  return Object.fromEntries(
    type.fields.flatMap((field) => {
      if (field.oneof !== undefined && field.oneof.fields[0] !== field && !isRedacted(field) && depth > 0) return [];
      const hidden = isMarked || isRedacted(field);
      const one =
        field.message !== undefined
          ? depth > 4
            ? null
            : planted(field.message, hidden, depth + 1)
          : field.scalar === 9
            ? hidden
              ? secret
              : 'open'
            : null;
      if (one === null) return [];
      return [[field.jsonName, field.fieldKind === 'list' ? [one] : field.fieldKind === 'map' ? { key: one } : one] as const];
    }),
  );
}

describe('a field marked with debug_redact', () => {
  it('is there in our protos', () => {
    expect(marked.length).toBeGreaterThan(4);
  });

  it.each(marked)('$field.name of $type.typeName is masked', ({ type, field }) => {
    const shown = maskedJson(type, { [field.jsonName]: secret, [field.name]: secret }, types);
    expect(shown).toEqual({ [field.jsonName]: masked, [field.name]: masked });
  });

  it.each([...types.methods.values()].map(({ desc, grpcPath }) => ({ grpcPath, desc })))(
    'shows nowhere in the messages of $grpcPath',
    ({ desc }) => {
      for (const type of [desc.input, desc.output]) {
        const json = planted(type);
        expect(JSON.stringify(maskedJson(type, json, types))).not.toContain(secret);
      }
    },
  );

  it('is masked inside of an event that is carried as bytes', () => {
    const event = types.event!;
    const payload = event.fields.find(({ message }) => message?.fields.some(isRedacted) === true)!;
    const field = payload.message!.fields.find(isRedacted)!;
    const inner = { [field.localName]: { addressLines: [secret] } };
    const bytes = toBinary(
      event,
      create(event, { id: 'e1', payload: { case: payload.localName, value: create(payload.message!, inner) } }),
    );
    expect(Buffer.from(bytes).toString()).toContain(secret);
    const shown = maskedMessage(event, bytes, types);
    expect(shown).toMatchObject({ id: 'e1', [payload.jsonName]: { [field.jsonName]: masked } });
    expect(JSON.stringify(shown)).not.toContain(secret);
  });
});

describe('what nobody can look into', () => {
  const body = types.registry.getMessage('google.api.HttpBody')!;

  it('is told by its length: bytes', () => {
    const bytes = toBinary(body, create(body, { contentType: 'text/plain', data: Buffer.from(secret) }));
    expect(maskedMessage(body, bytes, types)).toEqual({ contentType: 'text/plain', data: `[${secret.length} bytes]` });
  });

  it('is told by its length: what is no such message', () => {
    expect(maskedMessage(body, Buffer.from(`\xff\xff${secret}`), types)).toMatch(/^\[\d+ bytes that are no google\.api\.HttpBody\]$/);
  });

  it('is masked: a field that the type does not have, an Any of a type that is not known', () => {
    expect(maskedJson(body, { contentType: 'a', password: secret }, types)).toEqual({ contentType: 'a', password: masked });
    const any = types.registry.getMessage('google.rpc.Status')!;
    expect(maskedJson(any, { details: [{ '@type': 'type.googleapis.com/nobody.Knows', value: secret }] }, types)).toEqual({
      details: [masked],
    });
  });

  it('but a Struct is shown as it is', () => {
    const status = types.registry.getMessage('google.rpc.Status')!;
    const packed = anyPack(StructSchema, create(StructSchema, { fields: { a: { kind: { case: 'numberValue', value: 1 } } } }));
    expect(JSON.stringify(maskedMessage(status, toBinary(status, create(status, { details: [packed] })), types))).toContain('"a":1');
  });
});
