import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import {
  Access,
  type MethodPolicy,
  MethodPolicySchema,
} from '../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { listMethods, type Method } from '../../services/platform/contracts/methods.ts';
import { methodFaults } from './method-faults.ts';
import { listWorkloads, timeoutSeconds } from './workloads.ts';

const methods = listMethods();

function changed(name: string, change: (policy: MethodPolicy) => MethodPolicy | undefined): Method[] {
  return methods.map((method) => (method.desc.name === name && method.policy ? { ...method, policy: change(method.policy) } : method));
}

test('our own methods may be deployed', () => {
  expect(methodFaults(methods)).toEqual([]);
});

test.each<[string, string, (policy: MethodPolicy) => MethodPolicy | undefined, RegExp]>([
  ['no option', 'GetProfile', () => undefined, /GetProfile: no access option/],
  [
    'a service method without callers',
    'ApplyStockLevels',
    (policy) => ({ ...policy, callers: [] }),
    /ApplyStockLevels: .* nobody may invoke it/,
  ],
  [
    'trigger access without a trigger',
    'SyncInventory',
    () => create(MethodPolicySchema, { access: Access.TRIGGER }),
    /SyncInventory: .* nothing calls it/,
  ],
  [
    'a trigger that a customer could call',
    'SyncInventory',
    (policy) => ({ ...policy, access: Access.CUSTOMER }),
    /SyncInventory: .* its invoker, does not offer it/,
  ],
])('%s is refused', (_case, name, change, reason) => {
  expect(methodFaults(changed(name, change))).toEqual([expect.stringMatching(reason)]);
});

test('a method of a service that is not deployed is refused', () => {
  const [first, ...rest] = methods;
  expect(() => listWorkloads(false, [{ ...first!, workload: 'loyalty' }, ...rest])).toThrow(/its package names the service "loyalty"/);
});

test("a deadline beyond Cloud Run's longest timeout is refused", () => {
  const slow = changed('SyncInventory', (policy) => ({ ...policy, deadline: { ...policy.deadline!, seconds: 3600n } }));
  const job = listWorkloads(false, slow).find(({ name }) => name === 'job')!;
  expect(() => timeoutSeconds(job)).toThrow(
    /SyncInventory: a deadline of 3600 s needs a request timeout of 3601 s, and Cloud Run's longest is 3600 s/,
  );
});
