import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEnvironment } from '../../environments/environment.ts';
import { createPlatform } from '../platform.ts';
import { broadRoles } from './broad-roles.ts';
import { createdBy, ofType } from './created-resources.ts';

const resources = await createdBy(() => createPlatform(readEnvironment('production')));

test('no service account has a broad role', () => {
  assert.deepEqual(broadRoles(resources), []);
});

const refused: readonly [string, string, RegExp][] = [
  ['gcp:projects/iAMMember:IAMMember', 'roles/editor', /basic role/],
  ['gcp:projects/iAMMember:IAMMember', 'roles/pubsub.publisher', /grant it on the resource/],
  ['gcp:spanner/databaseIAMMember:DatabaseIAMMember', 'roles/spanner.databaseAdmin', /administers/],
  ['gcp:cloudrunv2/serviceIamBinding:ServiceIamBinding', 'roles/run.invoker', /take away the bindings/],
];
for (const [type, role, reason] of refused) {
  test(`${role} by ${type} would be refused`, () => {
    const [fault, ...others] = broadRoles([{ type, name: 'job-too-much', inputs: { role, member: 'serviceAccount:x' } }]);
    assert.match(fault!, /^job-too-much: /);
    assert.match(fault!, reason);
    assert.deepEqual(others, []);
  });
}

test('no account has a key that could be lost', () => {
  assert.equal(ofType(resources, 'Key').length, 0);
});

test('workflows get in by their environment of our repository only', () => {
  const [provider] = ofType(resources, 'WorkloadIdentityPoolProvider');
  assert.equal(provider!.inputs.attributeCondition, 'assertion.repository == "kumiko-example/kumiko"');
  const identities = resources.filter(({ inputs }) => inputs.role === 'roles/iam.workloadIdentityUser');
  const pool = 'principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/github/subject';
  assert.deepEqual(identities.map(({ inputs }) => [inputs.serviceAccountId.split('/').at(-1).split('@')[0], inputs.member]).toSorted(), [
    ['kumiko-deploy', `${pool}/repo:kumiko-example/kumiko:environment:production`],
    ['kumiko-preview', `${pool}/repo:kumiko-example/kumiko:environment:preview`],
  ]);
});

test('a preview changes neither gateways nor the schema', () => {
  const granted = resources.filter(({ inputs }) => inputs.member?.startsWith?.('serviceAccount:kumiko-preview@'));
  assert.deepEqual(ofType(granted, 'DatabaseIAMMember'), []);
  const changed = ofType(granted, 'ServiceIamMember').map(({ inputs }) => inputs.name);
  assert.deepEqual(changed.toSorted(), ['customer', 'job', 'partner', 'webhook']);
});
