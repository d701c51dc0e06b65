import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEnvironment } from '../../environments/environment.ts';
import { createPlatform } from '../platform.ts';
import { createdBy, ofType } from './created-resources.ts';

const { perimeter: _, ...production } = readEnvironment('production');
const resources = await createdBy(() =>
  createPlatform({
    ...production,
    network: { kind: 'shared', hostProject: 'network-host', network: 'vpc', subnetwork: 'run', subnetRange: '10.0.0.0/20' },
    collector: { kind: 'gke', address: '10.0.3.10' },
  }),
);

test('a shared VPC is used, not made, and Cloud Run may use its subnetwork', () => {
  assert.equal(ofType(resources, 'Network').length + ofType(resources, 'Subnetwork').length, 0);
  const [member] = ofType(resources, 'SubnetworkIAMMember');
  assert.equal(member!.inputs.project, 'network-host');
  assert.equal(member!.inputs.member, 'serviceAccount:service-123456789012@serverless-robot-prod.iam.gserviceaccount.com');
  for (const kind of ['Router', 'RouterNat', 'Address', 'Firewall', 'ManagedZone', 'RecordSet']) {
    for (const { inputs } of ofType(resources, kind)) assert.equal(inputs.project, 'network-host', kind);
  }
});

test('the collector on GKE has a private name, and the firewall lets spans through to it alone', () => {
  const record = ofType(resources, 'RecordSet').find(({ inputs }) => inputs.name === 'otel-collector.kumiko.internal.');
  assert.deepEqual(record?.inputs.rrdatas, ['10.0.3.10']);
  const rule = ofType(resources, 'Firewall').find(({ inputs }) => inputs.destinationRanges.includes('10.0.3.10/32'));
  assert.deepEqual(rule?.inputs.allows, [{ protocol: 'tcp', ports: ['4317', '4318'] }]);
});

test('without a perimeter in the environment there is none', () => {
  assert.equal(ofType(resources, 'ServicePerimeter').length, 0);
});
