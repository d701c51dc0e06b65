import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFileRegistry, getOption, hasOption } from '@bufbuild/protobuf';
import { parse } from 'yaml';
import { renderBootstrap } from '../../../gateway/bootstrap/render-bootstrap.ts';
import { type MethodPolicy, topic as topicOption } from '../../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { listMethods, readDescriptorSet } from '../../../services/platform/contracts/methods.ts';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { deployedGatewayEnvironment } from '../../environments/deployed-gateway-environment.ts';
import { readEnvironment } from '../../environments/environment.ts';
import { createPlatform } from '../platform.ts';
import { createdBy, ofType, type Resource } from './created-resources.ts';

const root = join(import.meta.dirname, '../../..');
const environment = readEnvironment('production');
const resources = await createdBy(() => createPlatform(environment));

const accountOf = ({ inputs }: Resource) =>
  /^serviceAccount:kumiko-([a-z-]+)@kumiko-example\.iam/.exec(inputs.member)?.[1] ?? inputs.member;
const sorted = (lines: Iterable<string>) => [...new Set(lines)].toSorted();

/** A service's own code, without its tests. */
function sourceOf(service: string): string {
  const files = globSync(`services/${service}/**/*.ts`, { cwd: root }).filter((file) => !/\.test\.ts$|\/tests?\//.test(file));
  return files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
}

const replays = (service: string) => sourceOf(service).includes('createDeadLetters(');

function subscribedTopic(policy: MethodPolicy | undefined): string[] {
  const kind = policy?.trigger?.kind;
  return kind?.case === 'subscription' ? kind.value.topic : [];
}

/** Who calls whom, as it stands in the code: the gateways' rendered clusters, and the clients that services make. */
function callsInCode(): string[] {
  const gateways = (['edge', 'jobs'] as const).flatMap((role) => {
    const bootstrap = parse(renderBootstrap({ role, environment: deployedGatewayEnvironment(environment) }));
    const clusters: { name: string }[] = bootstrap.static_resources.clusters;
    return clusters.filter(({ name }) => serviceNames.includes(name)).map(({ name }) => `${role}-gateway -> ${name}`);
  });
  const packages = new Map(listMethods().map(({ desc, workload }) => [desc.parent.name, workload]));
  const clients = serviceNames.flatMap((service) =>
    [...sourceOf(service).matchAll(/\.client\((?!Maintenance)(\w+)\)/g)].map(([, target]) => `${service} -> ${packages.get(target!)}`),
  );
  // Whoever makes clients of the platform's own service makes one for every service.
  const maintainers = serviceNames.filter((service) => sourceOf(service).includes('.client(MaintenanceService,'));
  const upkeep = maintainers.flatMap((service) => serviceNames.map((owner) => `${service} -> ${owner}`));
  return sorted([...gateways, ...clients, ...upkeep]);
}

test('a service may be invoked by whom the code has calling it, and by no other', () => {
  const invokers = ofType(resources, 'ServiceIamMember').filter(({ inputs }) => inputs.role === 'roles/run.invoker');
  const bindings = invokers.map((binding) => `${accountOf(binding)} -> ${binding.inputs.name}`);
  assert.deepEqual(sorted(bindings), callsInCode());
  assert.ok(bindings.includes('job -> customer') && bindings.includes('edge-gateway -> webhook'), 'the code is found');
});

test('a topic may be published to by the service whose code makes its events or replays them, and by no other', () => {
  const registry = createFileRegistry(readDescriptorSet());
  const payloads = registry.getMessage('kumiko.event.v1.Event')!.oneofs.find(({ name }) => name === 'payload')!.fields;
  const expected = serviceNames.flatMap((service) => {
    const source = sourceOf(service);
    return payloads.flatMap(({ localName, message }) => {
      // Consumers compare with a case; only whoever makes an event writes one with its value.
      const made = new RegExp(`case: '${localName}'(?: as const)?,\\s*value`).test(source);
      return made && message && hasOption(message, topicOption) ? [`${service} -> ${getOption(message, topicOption)}`] : [];
    });
  });
  const delivered = new Set(listMethods().flatMap(({ policy }) => subscribedTopic(policy)));
  const replayed = serviceNames.flatMap((service) => (replays(service) ? [...delivered].map((topic) => `${service} -> ${topic}`) : []));
  const members = ofType(resources, 'TopicIAMMember').filter(({ inputs }) => !inputs.member.includes('gcp-sa-pubsub'));
  assert.deepEqual(
    sorted(members.map((binding) => `${accountOf(binding)} -> ${binding.inputs.topic}`)),
    sorted([...expected, ...replayed]),
  );
  for (const { inputs } of members) assert.equal(inputs.role, 'roles/pubsub.publisher');
});

test('dead letters may be read by the service whose code replays them, and by no other', () => {
  const topics = new Set(listMethods().flatMap(({ policy }) => subscribedTopic(policy)));
  const expected = serviceNames
    .filter(replays)
    .flatMap((service) => [...topics].map((topic) => `${service} -> ${service}-${topic}-dead-letter`));
  const members = ofType(resources, 'SubscriptionIAMMember').filter(({ inputs }) => !inputs.member.includes('gcp-sa-pubsub'));
  assert.deepEqual(sorted(members.map((binding) => `${accountOf(binding)} -> ${binding.inputs.subscription}`)), sorted(expected));
});

test('tasks may be made and viewed by the service whose code makes them, and by no other', () => {
  const makers = serviceNames.filter((service) => sourceOf(service).includes('createTaskQueue('));
  const members = ofType(resources, 'QueueIamMember');
  assert.deepEqual(sorted(members.map(accountOf)), makers);
  for (const role of ['roles/cloudtasks.enqueuer', 'roles/cloudtasks.viewer']) {
    assert.equal(members.filter(({ inputs }) => inputs.role === role).length, ofType(resources, 'Queue').length);
  }
  assert.equal(members.length, 2 * ofType(resources, 'Queue').length);
  // A task signs as the tasks' account, which its maker must be allowed to hand out.
  const acts = resources.filter(
    ({ inputs }) => inputs.role === 'roles/iam.serviceAccountUser' && inputs.serviceAccountId?.includes('kumiko-tasks@'),
  );
  assert.deepEqual(acts.map(accountOf), makers);
});

test('a secret may be read by the service whose manifest names it, and by no other', () => {
  const expected = serviceNames.flatMap((service) => {
    const manifest = readFileSync(join(root, `deploy/cloud-run/golden/cloud-run/${service}.yaml`), 'utf8');
    return [...manifest.matchAll(/secretKeyRef:\s+name: (\S+)/g)].map(([, secret]) => `${service} -> ${secret}`);
  });
  const members = ofType(resources, 'SecretIamMember');
  assert.deepEqual(sorted(members.map((binding) => `${accountOf(binding)} -> ${binding.inputs.secretId}`)), sorted(expected));
  assert.equal(ofType(resources, 'SecretVersion').length, 0, 'values do not stand in the stack');
});

test("partners' tokens are signed by the service whose code has them signed, and by no other", () => {
  const signers = serviceNames.filter((service) => sourceOf(service).includes('openKmsKey('));
  const members = ofType(resources, 'CryptoKeyIAMMember');
  assert.deepEqual(members.map(accountOf), signers);
  assert.deepEqual(
    members.map(({ inputs }) => inputs.role),
    ['roles/cloudkms.signerVerifier'],
  );
});

test("every service reaches the database as its own schema's role only", () => {
  const owners = globSync('services/*/migrations', { cwd: root }).map((folder) => folder.split('/')[1]!);
  const [database] = ofType(resources, 'Database');
  assert.deepEqual(sorted(database!.inputs.ddls), sorted(owners.map((owner) => `CREATE ROLE kumiko_${owner}`)));
  const members = ofType(resources, 'DatabaseIAMMember').filter((binding) => accountOf(binding) !== 'deploy');
  assert.deepEqual(
    sorted(members.map((binding) => `${accountOf(binding)} ${binding.inputs.role}`)),
    sorted(owners.flatMap((owner) => [`${owner} roles/spanner.databaseRoleUser`, `${owner} roles/spanner.fineGrainedAccessUser`])),
  );
  for (const binding of members.filter(({ inputs }) => inputs.role === 'roles/spanner.databaseRoleUser')) {
    assert.ok(binding.inputs.condition.expression.endsWith(`resource.name.endsWith("/kumiko_${accountOf(binding)}")`));
  }
});
