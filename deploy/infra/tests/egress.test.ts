import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEnvironment } from '../../environments/environment.ts';
import { createPlatform } from '../platform.ts';
import { createdBy, ofType } from './created-resources.ts';

const environment = readEnvironment('production');
const resources = await createdBy(() => createPlatform(environment));

test('everything sends all its traffic through the subnetwork', () => {
  const services = ofType(resources, 'Service').filter(({ type }) => type.startsWith('gcp:cloudrunv2/'));
  for (const { inputs } of services) {
    assert.deepEqual(inputs.template.vpcAccess, {
      egress: 'ALL_TRAFFIC',
      networkInterfaces: [{ network: 'Network/kumiko', subnetwork: 'Subnetwork/kumiko' }],
    });
  }
});

test('what leaves the subnetwork for the internet leaves by one reserved address', () => {
  const [nat, ...others] = ofType(resources, 'RouterNat');
  assert.deepEqual(others, []);
  assert.equal(nat!.inputs.natIpAllocateOption, 'MANUAL_ONLY');
  assert.deepEqual(nat!.inputs.natIps, ['selfLink/kumiko-egress']);
  assert.deepEqual(nat!.inputs.subnetworks, [{ name: 'Subnetwork/kumiko', sourceIpRangesToNats: ['ALL_IP_RANGES'] }]);
  const [address] = ofType(resources, 'Address');
  assert.equal(address!.inputs.addressType, 'EXTERNAL');
});

test('only what is configured to call a third party gets past the firewall, and by HTTPS', () => {
  const rules = ofType(resources, 'Firewall').map(({ inputs }) => inputs);
  const toInternet = rules.filter(({ destinationRanges }) => destinationRanges.includes('0.0.0.0/0'));
  const [allow, deny] = toInternet.toSorted((a, b) => a.priority - b.priority);
  assert.equal(toInternet.length, 2);
  assert.deepEqual([allow.targetTags, allow.allows], [['kumiko-third-parties'], [{ protocol: 'tcp', ports: ['443'] }]]);
  assert.deepEqual([deny.targetTags, deny.denies], [['kumiko'], [{ protocol: 'all' }]]);
});

test("Google's APIs and calls between services stay off the internet", () => {
  const records = ofType(resources, 'RecordSet').map(({ inputs }) => `${inputs.name} ${inputs.type} ${inputs.rrdatas.join(' ')}`);
  const addresses = '199.36.153.8 199.36.153.9 199.36.153.10 199.36.153.11';
  assert.deepEqual(records.toSorted(), [
    '*.googleapis.com. CNAME private.googleapis.com.',
    '*.run.app. CNAME run.app.',
    `private.googleapis.com. A ${addresses}`,
    `run.app. A ${addresses}`,
  ]);
  for (const { inputs } of ofType(resources, 'ManagedZone')) assert.equal(inputs.visibility, 'private');
  assert.equal(ofType(resources, 'Subnetwork')[0]!.inputs.privateIpGoogleAccess, true);
});
