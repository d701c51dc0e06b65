import { readFileSync } from 'node:fs';
import { create, fromBinary, type MessageInitShape, setExtension, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema, FileOptionsSchema, MessageOptionsSchema, MethodOptionsSchema } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { deriveServices } from './derive-services.ts';
import { descriptorFile } from './descriptor-file.ts';
import { http } from './gen/types/google/api/annotations_pb.js';
import { HttpRuleSchema } from './gen/types/google/api/http_pb.js';
import * as options from './gen/types/kumiko/platform/v1/options_pb.js';

const built = fromBinary(FileDescriptorSetSchema, readFileSync(descriptorFile));

/** A method of the small product below. */
interface MethodSpec {
  readonly name: string;
  readonly access?: options.Access;
  readonly callers?: readonly string[];
  readonly trigger?: MessageInitShape<typeof options.TriggerSchema>;
  readonly clientStreaming?: boolean;
  /** The path of a REST route. */
  readonly post?: string;
}

/** A proto file of a small product, such as `{ package: "shop.orders.v1", methods: [...] }`. */
interface FileSpec {
  readonly package: string;
  readonly methods?: readonly MethodSpec[];
  readonly publishes?: readonly string[];
  /** A message that travels by this topic. */
  readonly topic?: string;
}

/** Derives the list from files written for a test, which stand beside what every descriptor set holds. */
function derive(...specs: readonly FileSpec[]) {
  const files = specs.map((spec) => {
    const name = `${spec.package.replaceAll('.', '/')}/file.proto`;
    const fileOptions = create(FileOptionsSchema);
    if (spec.publishes) setExtension(fileOptions, options.publishes, [...spec.publishes]);
    const messageOptions = create(MessageOptionsSchema);
    if (spec.topic !== undefined) setExtension(messageOptions, options.topic, spec.topic);
    return {
      name,
      package: spec.package,
      syntax: 'proto3',
      dependency: ['kumiko/platform/v1/options.proto', 'google/api/annotations.proto'],
      options: fileOptions,
      messageType: [{ name: 'Thing', options: messageOptions }],
      service:
        spec.methods === undefined
          ? []
          : [
              {
                name: 'ThingService',
                method: spec.methods.map(({ name: method, access, callers = [], trigger, clientStreaming = false, post }) => {
                  const methodOptions = create(MethodOptionsSchema);
                  if (access !== undefined) {
                    setExtension(
                      methodOptions,
                      options.method,
                      create(options.MethodPolicySchema, {
                        access,
                        callers: [...callers],
                        deadline: { seconds: 5n },
                        ...(trigger && { trigger }),
                      }),
                    );
                  }
                  if (post !== undefined)
                    setExtension(methodOptions, http, create(HttpRuleSchema, { pattern: { case: 'post', value: post } }));
                  return {
                    name: method,
                    clientStreaming,
                    inputType: `.${spec.package}.Thing`,
                    outputType: `.${spec.package}.Thing`,
                    options: methodOptions,
                  };
                }),
              },
            ],
    };
  });
  const others = built.file.filter(({ name }) => /^(?:kumiko\/platform|buf|google|grpc)\//.test(name));
  const set = create(FileDescriptorSetSchema, { file: [...others, ...files] });
  const ownFiles = new Set([...files.map(({ name }) => name), 'kumiko/platform/v1/options.proto', 'kumiko/platform/v1/maintenance.proto']);
  return deriveServices({ set, bytes: toBinary(FileDescriptorSetSchema, set), options, http, ownFiles });
}

const schedule: MessageInitShape<typeof options.TriggerSchema> = { kind: { case: 'schedule', value: { cron: '* * * * *' } } };
const read: MethodSpec = { name: 'Get', access: options.Access.PUBLIC };

test('each package with gRPC services is a service, in alphabetical order', () => {
  const list = derive(
    { package: 'shop.orders.v1', methods: [read], publishes: ['order-events'] },
    { package: 'shop.bills.v1', methods: [{ name: 'Sweep', access: options.Access.TRIGGER, trigger: schedule }] },
    { package: 'shop.event.v1', topic: 'order-events' },
  );
  expect(list.product).toBe('shop');
  expect(list.services.map(({ name, publishes, maintains }) => ({ name, publishes, maintains }))).toEqual([
    { name: 'bills', publishes: [], maintains: true },
    { name: 'orders', publishes: ['order-events'], maintains: false },
  ]);
  expect(list.services[1]?.grpcServices).toMatchObject([
    {
      typeName: 'shop.orders.v1.ThingService',
      methods: [{ name: 'Get', path: '/shop.orders.v1.ThingService/Get', access: 'public', maxRequestBytes: 1_048_576 }],
    },
  ]);
});

test('what the platform serves is in every product', () => {
  const { platformServices } = derive({ package: 'shop.orders.v1', methods: [read] });
  expect(platformServices.map(({ typeName }) => typeName)).toEqual(['kumiko.platform.v1.MaintenanceService']);
});

test.each<[string, readonly FileSpec[], string]>([
  [
    'a method without access',
    [{ package: 'shop.orders.v1', methods: [{ name: 'Get' }] }],
    'shop.orders.v1.ThingService/Get: no access option says who may call it',
  ],
  [
    'a caller that is no service',
    [{ package: 'shop.orders.v1', methods: [{ name: 'Get', access: options.Access.SERVICE, callers: ['bils'] }] }],
    'its caller "bils" is no service; there are orders',
  ],
  [
    'a topic that two publish to',
    [
      { package: 'shop.orders.v1', methods: [read], publishes: ['events'] },
      { package: 'shop.bills.v1', methods: [read], publishes: ['events'] },
      { package: 'shop.event.v1', topic: 'events' },
    ],
    'the topic "events" is published by orders and bills',
  ],
  [
    'a topic that nobody publishes to',
    [
      { package: 'shop.orders.v1', methods: [read] },
      { package: 'shop.event.v1', topic: 'events' },
    ],
    'shop.event.v1.Thing: nobody publishes to its topic "events"',
  ],
  [
    'a topic that no message has',
    [{ package: 'shop.orders.v1', methods: [read], publishes: ['events'] }],
    'orders publishes to "events", and no message has this topic',
  ],
  [
    'a package that names no service',
    [{ package: 'shop.v1', methods: [read] }],
    'the package is named like "shop.orders.v1", not "shop.v1"',
  ],
  [
    'a stream of requests with a REST route',
    [{ package: 'shop.orders.v1', methods: [{ ...read, clientStreaming: true, post: '/v1/orders' }] }],
    'takes a stream of requests, and REST has none: leave google.api.http out',
  ],
  [
    'two products',
    [
      { package: 'shop.orders.v1', methods: [read] },
      { package: 'bank.bills.v1', methods: [read] },
    ],
    'the packages of one product begin with one name, not with shop, bank',
  ],
])('refuses %s, by name', (_, files, fault) => {
  expect(() => derive(...files)).toThrow(fault);
});
