import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEnvironment } from '../../environments/environment.ts';
import { createPlatform } from '../platform.ts';
import { broadRoles } from './broad-roles.ts';
import { createdBy, ofType, type Resource } from './created-resources.ts';

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

test('workflows get in by the environment "production" of our repository only', () => {
  const [provider] = ofType(resources, 'WorkloadIdentityPoolProvider');
  assert.equal(provider!.inputs.attributeCondition, 'assertion.repository == "kumiko-example/kumiko"');
  assert.deepEqual(workflowIdentities(resources), [
    [
      'kumiko-deploy',
      'projects/123456789012/locations/global/workloadIdentityPools/github/subject/repo:kumiko-example/kumiko:environment:production',
    ],
  ]);
});

function workflowIdentities(all: readonly Resource[]): string[][] {
  const identities = all.filter(({ inputs }) => inputs.role === 'roles/iam.workloadIdentityUser');
  return identities.map(({ inputs }) => [
    inputs.serviceAccountId.split('/').at(-1).split('@')[0],
    inputs.member.replace('principal://iam.googleapis.com/', ''),
  ]);
}
