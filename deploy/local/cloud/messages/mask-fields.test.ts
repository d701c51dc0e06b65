import { expect, it } from 'vitest';
import { maskedFields } from './mask-fields.ts';
import { isRedacted, masked } from './mask-message.ts';
import { readMessageTypes } from './message-types.ts';

const marked = [...readMessageTypes().registry].flatMap((type) => (type.kind === 'message' ? type.fields.filter(isRedacted) : []));

it('masks whatever a proto marks, under both of its names, however deep it stands', () => {
  expect(marked.length).toBeGreaterThan(4);
  for (const { name, jsonName } of marked) {
    expect(maskedFields({ id: 'evt_1', data: { list: [{ [name]: { deep: 'planted' } }, { [jsonName]: 'planted' }] } })).toEqual({
      id: 'evt_1',
      data: { list: [{ [name]: masked }, { [jsonName]: masked }] },
    });
  }
});

it('leaves the rest as it is', () => {
  const body = { id: 'evt_1', created: 7, data: { status: 'authorized', ok: true, none: null } };
  expect(maskedFields(body)).toEqual(body);
});
