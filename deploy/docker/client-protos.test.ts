import { expect, test } from 'vitest';
import { enumsModule, messagesOf, type ProtoNode, protosOf } from './client-protos.ts';

const root: ProtoNode = {
  nested: {
    a: {
      nested: {
        Api: { methods: { Get: { requestType: 'GetRequest', responseType: 'b.Answer' } } },
        GetRequest: { fields: { id: { type: 'string' }, mode: { type: 'Mode' } }, nested: { Mode: { values: { OFF: 0, ON: 1 } } } },
        Admin: { methods: { Drop: { requestType: 'DropRequest', responseType: 'b.Answer' } } },
        DropRequest: { fields: {} },
      },
    },
    b: { nested: { Answer: { fields: { parts: { type: 'Part' } } }, Part: { fields: { next: { type: 'Part' } } }, Other: { fields: {} } } },
  },
};

test('a service keeps the messages and enums of its methods, in other packages and nested ones too', () => {
  const { a, b } = protosOf(root, ['a.Api']).nested!;
  expect(Object.keys(a!.nested!)).toEqual(['Api', 'GetRequest']);
  expect(a!.nested!['GetRequest']).toEqual(root.nested!['a']!.nested!['GetRequest']);
  expect(Object.keys(b!.nested!)).toEqual(['Answer', 'Part']);
});

test('a service that is not there ends the build', () => {
  expect(() => protosOf(root, ['a.Gone'])).toThrow('there is no a.Gone in these protos');
});

test('a type that a method names and that is not there ends the build', () => {
  const broken: ProtoNode = { nested: { Api: { methods: { Get: { requestType: 'Gone', responseType: 'Gone' } } } } };
  expect(() => protosOf(broken, ['Api'])).toThrow('there is no Gone in these protos, which Api names');
});

test('what is sent and what is received are told apart, without enums', () => {
  const { requests, responses } = messagesOf(root, ['a.Api']);
  expect([...requests]).toEqual(['a.GetRequest']);
  expect([...responses]).toEqual(['b.Answer', 'b.Part']);
});

test('enums are there by name and by value; what is left out says so when it is asked for', () => {
  const module = { exports: {} as { a: { GetRequest: { Mode: Record<string, unknown> }; DropRequest: unknown } } };
  new Function('module', enumsModule(root, 'protos.js'))(module);
  const { Mode } = module.exports.a.GetRequest;
  expect(Mode['ON']).toBe(1);
  expect(Mode[1]).toBe('ON');
  expect(Object.keys(Mode)).toEqual(['OFF', 'ON']);
  expect(() => module.exports.a.DropRequest).toThrow('protos.js: the image has its enums only, no DropRequest');
});
