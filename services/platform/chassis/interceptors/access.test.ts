import { create, type DescMethod } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { MaintenanceService } from '../../contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { Access, MethodPolicySchema } from '../../contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { LibraryInternalService } from '../../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import type { Caller } from '../server/call.ts';
import type { Outcome, ServedMethod } from '../server/served-method.ts';
import type { ServerCall } from '../server/server-call.ts';
import { access } from './access.ts';

const callers: Caller[] = [
  { kind: 'public' },
  { kind: 'customer', id: 'alice' },
  { kind: 'partner', id: 'acme' },
  { kind: 'operator', email: 'operator@kumiko.example' },
  { kind: 'trigger', email: 'sample-tasks@p.iam.gserviceaccount.com' },
  { kind: 'service', name: 'desk' },
];

const ok: Outcome = { code: status.OK, message: 'OK' };

async function kindsLetIn(policy: ServedMethod['policy'], desc: DescMethod = LibraryInternalService.method.applyEvent): Promise<string[]> {
  const run = access('p')(async () => ok, { desc, policy, fullName: 'x' } as ServedMethod);
  const outcomes = await Promise.all(callers.map((caller) => Promise.try(run, { caller } as ServerCall).catch(() => undefined)));
  return callers.filter((_, index) => outcomes[index] === ok).map(({ kind }) => kind);
}

test.each([
  [Access.PUBLIC, ['public']],
  [Access.CUSTOMER, ['customer']],
  [Access.PARTNER, ['partner']],
  [Access.OPERATOR, ['operator']],
  [Access.UNSPECIFIED, []],
])('access %s lets in %o only', async (access, kinds) => {
  expect(await kindsLetIn(create(MethodPolicySchema, { access }))).toEqual(kinds);
});

test('a trigger without a kind, a service method without callers and a method without the option let in nobody', async () => {
  expect(await kindsLetIn(create(MethodPolicySchema, { access: Access.TRIGGER }))).toEqual([]);
  expect(await kindsLetIn(create(MethodPolicySchema, { access: Access.SERVICE }))).toEqual([]);
  expect(await kindsLetIn(undefined)).toEqual([]);
});

test('a trigger and a service are let in by name', async () => {
  const trigger = { kind: { case: 'queue', value: {} } } as const;
  expect(await kindsLetIn(create(MethodPolicySchema, { access: Access.TRIGGER, trigger }))).toEqual(['trigger']);
  expect(await kindsLetIn(create(MethodPolicySchema, { access: Access.SERVICE, callers: ['desk'] }))).toEqual(['service']);
});

test("the platform's own methods let in the services that triggers call, whatever their option names", async () => {
  const policy = create(MethodPolicySchema, { access: Access.SERVICE, callers: ['library'] });
  expect(await kindsLetIn(policy, MaintenanceService.method.relayOutbox)).toEqual(['service']);
  expect(await kindsLetIn(policy)).toEqual([]);
});
