import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Output, runtime } from '@pulumi/pulumi';
import { parse } from 'yaml';
import { createdBy } from './created-resources.ts';

const stackConfig = join(import.meta.dirname, '../../cloud-run/golden/infra/Pulumi.yaml');

test('the program takes the stack configuration that is rendered, and says what people need', async () => {
  const { config } = parse(readFileSync(stackConfig, 'utf8')) as { config: Record<string, unknown> };
  runtime.setAllConfig(Object.fromEntries(Object.entries(config).map(([key, value]) => [key, asPulumiHandsItOver(value)])));
  let outputs: Record<string, Output<string>> = {};
  const resources = await createdBy(async () => {
    outputs = await import('../main.ts');
  });
  const value = (name: string) => new Promise((resolve) => outputs[name]!.apply(resolve));
  assert.equal(await value('apiAddress'), '203.0.113.7');
  assert.equal(await value('egressAddress'), '203.0.113.7');
  // The workflows know it by the same name.
  const variables = readFileSync(join(import.meta.dirname, '../../cloud-run/golden/delivery.env'), 'utf8');
  assert.ok(variables.includes(`\nWORKLOAD_IDENTITY_PROVIDER=${await value('workloadIdentityProvider')}\n`));
  assert.ok(resources.length > 150);
});

test('no two resources of a type have one name', async () => {
  const { readEnvironment } = await import('../../environments/environment.ts');
  const { createPlatform } = await import('../platform.ts');
  const resources = await createdBy(() => createPlatform(readEnvironment('staging')));
  const urns = resources.map(({ type, name }) => `${type}::${name}`);
  assert.deepEqual(
    urns.filter((urn, index) => urns.indexOf(urn) !== index),
    [],
  );
});

/** Objects as JSON, everything else as text. */
function asPulumiHandsItOver(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
