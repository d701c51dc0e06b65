import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readEnvironment } from '../../environments/environment.ts';
import { createPlatform } from '../platform.ts';
import { createdBy, ofType } from './created-resources.ts';

const resources = await createdBy(() => createPlatform(readEnvironment('production')));

test('the database can be restored: to any second of a week, to any day of a month; and it is hard to delete', () => {
  const [database] = ofType(resources, 'Database');
  assert.equal(database!.inputs.databaseDialect, 'POSTGRESQL');
  assert.equal(database!.inputs.versionRetentionPeriod, '7d');
  assert.equal(database!.inputs.enableDropProtection, true);
  assert.equal(database!.inputs.deletionProtection, true);
  const [backup] = ofType(resources, 'BackupSchedule');
  assert.equal(backup!.inputs.retentionDuration, `${30 * 86_400}s`);
  assert.ok(backup!.inputs.spec.cronSpec.text);
});

test('the perimeter is tried first, around the data, and lets in the delivery alone', () => {
  const [perimeter] = ofType(resources, 'ServicePerimeter');
  const { useExplicitDryRunSpec, spec, status } = perimeter!.inputs;
  assert.deepEqual([useExplicitDryRunSpec, status], [true, undefined]);
  assert.deepEqual(spec.resources, ['projects/123456789012']);
  for (const service of ['spanner', 'pubsub', 'secretmanager', 'run', 'cloudtasks']) {
    assert.ok(spec.restrictedServices.includes(`${service}.googleapis.com`), service);
  }
  assert.deepEqual(
    spec.ingressPolicies.flatMap((policy: { ingressFrom: { identities: string[] } }) => policy.ingressFrom.identities),
    ['serviceAccount:kumiko-deploy@kumiko-example.iam.gserviceaccount.com'],
  );
});

test('every alert reaches somebody, and says in docs/guides/operations.md what it means', () => {
  const operations = readFileSync(join(import.meta.dirname, '../../../docs/guides/operations.md'), 'utf8');
  const policies = ofType(resources, 'AlertPolicy');
  assert.ok(policies.length >= 8);
  const titles = policies.map(({ inputs }) => inputs.displayName.replace('Kumiko: ', ''));
  const sections = [...(operations.split('\n## Alerts\n')[1] ?? '').split('\n## ')[0]!.matchAll(/^### (.*)$/gm)].map(([, title]) => title);
  assert.deepEqual(sections.toSorted(), titles.toSorted());
  for (const { inputs } of policies) assert.deepEqual(inputs.notificationChannels, ['NotificationChannel/email-on-call@kumiko.example']);
});

test('alerts on subscriptions look at all of them', () => {
  const filters = ofType(resources, 'AlertPolicy').map(({ inputs }) => inputs.conditions[0].conditionThreshold?.filter ?? '');
  const patterns = filters.flatMap((filter) =>
    [...filter.matchAll(/full_match\("([^"]+)"\)/g)].map(([, pattern]) => new RegExp(`^${pattern}$`)),
  );
  assert.equal(patterns.length, 2);
  for (const { inputs } of ofType(resources, 'Subscription')) {
    assert.equal(patterns.filter((pattern) => pattern.test(inputs.name)).length, 1, inputs.name);
  }
});
