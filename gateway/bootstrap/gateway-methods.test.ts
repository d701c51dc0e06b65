import { clearExtension, create, createFileRegistry, type FileRegistry, getExtension, setExtension } from '@bufbuild/protobuf';
import type { FileDescriptorSet } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { http } from '../../services/platform/contracts/gen/types/google/api/annotations_pb.js';
import { HttpRuleSchema } from '../../services/platform/contracts/gen/types/google/api/http_pb.js';
import { Access, method as policy } from '../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { readDescriptorSet } from '../../services/platform/contracts/methods.ts';
import { listGatewayMethods, MethodError } from './gateway-methods.ts';
import { registryWith } from './testing/changed-protos.ts';

function without(set: FileDescriptorSet, file: string): FileRegistry {
  set.file = set.file.filter(({ name }) => name !== file);
  return createFileRegistry(set);
}

function faults(registry: FileRegistry): readonly string[] {
  try {
    listGatewayMethods('edge', registry);
  } catch (error) {
    if (error instanceof MethodError) return error.faults;
    throw error;
  }
  return [];
}

const get = (path: string) => create(HttpRuleSchema, { pattern: { case: 'get', value: path } });

test('the edge offers what people call, jobs what triggers call, and none what services call', () => {
  const edge = listGatewayMethods('edge');
  const jobs = listGatewayMethods('jobs');
  expect(new Set(edge.map(({ access }) => access))).toEqual(new Set(['public', 'customer', 'partner', 'operator']));
  expect(new Set(jobs.map(({ access }) => access))).toEqual(new Set(['trigger']));
  expect([...edge, ...jobs].filter(({ grpcPath }) => grpcPath.includes('InternalService'))).toEqual([]);
});

test('refuses a method without an access option, by name', () => {
  expect(faults(registryWith('CustomerService/GetDeal', (options) => clearExtension(options, policy)))).toEqual([
    expect.stringMatching(/^\/kumiko\.customer\.v1\.CustomerService\/GetDeal: has no \(kumiko\.platform\.v1\.method\) option/),
  ]);
});

test('refuses an access that no provider of tokens serves', () => {
  const registry = registryWith('CustomerService/GetDeal', (options) => {
    setExtension(options, policy, { ...getExtension(options, policy), access: Access.UNSPECIFIED });
  });
  expect(faults(registry)).toEqual([expect.stringMatching(/GetDeal: access UNSPECIFIED has no provider of tokens/)]);
});

test('refuses a method without a deadline', () => {
  const registry = registryWith('CustomerService/GetDeal', (options) => {
    const { deadline: _, ...rest } = getExtension(options, policy);
    setExtension(options, policy, rest);
  });
  expect(faults(registry)).toEqual([expect.stringMatching(/GetDeal: has no deadline/)]);
});

test('refuses two methods on one template, whatever their variables are called', () => {
  const registry = registryWith('CustomerService/GetProfile', (options) => setExtension(options, http, get('/v1/deals/{deal_id}')));
  expect(faults(registry)).toEqual([expect.stringMatching(/GetDeal: GET \/v1\/deals\/\* is bound by .*GetProfile already/)]);
});

test('refuses a duplicate in additional bindings', () => {
  const registry = registryWith('CustomerService/GetProfile', (options) => {
    setExtension(options, http, { ...getExtension(options, http), additionalBindings: [get('/v1/orders')] });
  });
  expect(faults(registry)).toEqual([expect.stringMatching(/ListOrders: GET \/v1\/orders is bound by .*GetProfile already/)]);
});

test('refuses a template that the transcoder would make unreachable', () => {
  const registry = registryWith('CustomerService/GetProfile', (options) => setExtension(options, http, get('/v1/{name=**}/x/*')));
  expect(faults(registry)).toEqual([expect.stringMatching(/GetProfile: .*only literals may follow "\*\*"/)]);
});

test('refuses a service method with a REST path', () => {
  const registry = registryWith('CustomerInternalService/ApplyEvent', (options) => setExtension(options, http, get('/v1/apply')));
  expect(faults(registry)).toEqual([expect.stringMatching(/ApplyEvent: ACCESS_SERVICE methods are not behind a gateway/)]);
});

test('refuses a descriptor set without the types of error details', () => {
  expect(faults(without(readDescriptorSet(), 'google/rpc/error_details.proto'))).toContain(
    'google.rpc.ErrorInfo is missing from the descriptor set: errors that carry it would lose their body',
  );
});

test('names every fault at once', () => {
  const registry = registryWith('CustomerService/GetDeal', (options) => clearExtension(options, policy));
  const profile = registry.getService('kumiko.customer.v1.CustomerService')!.methods.find(({ name }) => name === 'GetProfile')!;
  clearExtension(profile.proto.options!, policy);
  expect(faults(registry)).toHaveLength(2);
});
