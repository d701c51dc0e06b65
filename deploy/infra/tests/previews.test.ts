import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEnvironment } from '../../environments/environment.ts';
import { createPlatform } from '../platform.ts';
import { broadRoles } from './broad-roles.ts';
import { createdBy, ofType } from './created-resources.ts';

const resources = await createdBy(() => createPlatform(readEnvironment('staging')));
const ofPreviews = resources.filter(({ inputs }) => inputs.member?.startsWith?.('serviceAccount:kumiko-preview@'));

test("a pull request's workflow changes neither gateways nor the schema", () => {
  assert.deepEqual(ofType(ofPreviews, 'DatabaseIAMMember'), []);
  const changed = ofType(ofPreviews, 'ServiceIamMember').map(({ inputs }) => [inputs.name, inputs.role]);
  const services = ['customer', 'job', 'partner', 'webhook'];
  assert.deepEqual(
    changed.toSorted(),
    services.map((name) => [name, 'roles/run.developer']),
  );
  assert.deepEqual(broadRoles(resources), []);
});

test('the control plane answers at its URL those whom IAM lets in: gateways, services and operators', () => {
  const service = ofType(resources, 'Service').find(({ name }) => name === 'control-plane');
  assert.deepEqual([service?.inputs.ingress, service?.inputs.invokerIamDisabled], ['INGRESS_TRAFFIC_ALL', false]);
  const invokers = ofType(resources, 'ServiceIamMember')
    .filter(({ name }) => name.endsWith('-invokes-control-plane'))
    .map(({ inputs }) => inputs.member.replace(/@kumiko-staging-example\.iam.*/, ''));
  const workloads = ['edge-gateway', 'jobs-gateway', 'customer', 'job', 'partner', 'webhook'];
  assert.deepEqual(
    invokers.toSorted(),
    [...workloads.map((workload) => `serviceAccount:kumiko-${workload}`), 'user:operator@kumiko.example'].toSorted(),
  );
});

test('it gets in by the environment "preview", and releases by "staging"', () => {
  const members = resources.filter(({ inputs }) => inputs.role === 'roles/iam.workloadIdentityUser').map(({ inputs }) => inputs.member);
  assert.deepEqual(
    members.map((member) => member.split(':').at(-1)),
    ['staging', 'preview'],
  );
});
