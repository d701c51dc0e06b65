import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { Metadata, status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { parse } from 'yaml';
import type { Call } from '../../../services/platform/chassis/server/call.ts';
import type { Outbox } from '../../../services/platform/cloud/events/outbox.ts';
import { relayOutbox } from '../../../services/platform/cloud/events/relay-outbox.ts';
import { CustomerService } from '../../../services/platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { MaintenanceService } from '../../../services/platform/contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { ReceivePaymentEventRequestSchema } from '../../../services/platform/contracts/gen/types/kumiko/webhook/v1/webhook_pb.js';
import { clientFor, startTestService, testEnv } from '../../../services/platform/testing/test-service.ts';
import { Profiles } from '../../../services/webhook/profiles.ts';
import { webhookService } from '../../../services/webhook/service.ts';
import type { WebhookStore } from '../../../services/webhook/store/store.ts';
import { signed } from '../../../services/webhook/tests/signed.ts';
import { hourMs, jwt, RunningFilter } from '../../../wasm-filters/metadata-token/testing/running-filter.ts';
import { readEnvironment } from '../../environments/environment.ts';
import { createPlatform } from '../platform.ts';
import { createdBy, ofType } from './created-resources.ts';
import { extract, type LogEntry, lets, writtenBy } from './log-filter.ts';

// The lines are those of the code that writes them.
const root = join(import.meta.dirname, '../../..');
const resources = await createdBy(() => createPlatform(readEnvironment('production')));
const metrics = resources.filter(({ type }) => type === 'gcp:logging/metric:Metric').map(({ inputs }) => inputs);

const left: Outbox = {
  publishPending: async () => ({ published: 1, failed: 0 }),
  backlog: async () => ({ rows: 7, lagSeconds: 301.5 }),
} as unknown as Outbox;

const service = await startTestService({
  env: testEnv('http://127.0.0.1:1/jwks.json'),
  customer: {
    getDeal: async () => {
      throw new Error('a bug');
    },
  },
  maintenance: { relayOutbox: ({ limit }, call) => relayOutbox(left, limit, call) },
});
after(() => service.stop());

/** What Cloud Logging has of what the service wrote meanwhile. */
async function entriesOf(work: () => Promise<unknown>): Promise<LogEntry[]> {
  const before = service.lines().length;
  await work();
  return service
    .lines()
    .slice(before)
    .map((line) => writtenBy('customer', line));
}

/** The metrics that an entry counts for, with their labels and values. */
function countedAs(entry: LogEntry): Record<string, { labels: Record<string, unknown>; value?: unknown }> {
  const counting = metrics.filter(({ filter }) => lets(filter, entry));
  return Object.fromEntries(
    counting.map(({ name, labelExtractors = {}, valueExtractor }) => {
      const labels = Object.fromEntries(Object.entries<string>(labelExtractors).map(([label, from]) => [label, extract(from, entry)]));
      return [name, { labels, ...(valueExtractor && { value: extract(valueExtractor, entry) }) }];
    }),
  );
}

test('each call counts for its method and code, and its duration with it', async () => {
  const client = clientFor(CustomerService, service.url, 'edge-gateway');
  const entries = await entriesOf(() => assert.rejects(client.getDeal({ name: 'deals/tea' })));
  client.close();
  const counted = entries.map(countedAs).filter((one) => Object.keys(one).length > 0);
  assert.equal(counted.length, 1, 'a call counts once, whatever else it logs');
  const labels = { service: 'customer', method: 'kumiko.customer.v1.CustomerService/GetDeal', code: 'INTERNAL' };
  assert.deepEqual(Object.keys(counted[0]!).toSorted(), ['kumiko/call_duration', 'kumiko/calls']);
  assert.deepEqual(counted[0]!['kumiko/calls'], { labels });
  assert.deepEqual(counted[0]!['kumiko/call_duration']!.labels, labels);
  assert.equal(typeof counted[0]!['kumiko/call_duration']!.value, 'number');
});

test('each relay counts for how much is left in the outbox of its owner, and for how long', async () => {
  const client = clientFor(MaintenanceService, service.url, 'job');
  const entries = await entriesOf(() => client.relayOutbox({ limit: 10 }));
  client.close();
  const counted = Object.assign({}, ...entries.map(countedAs));
  assert.deepEqual(counted['kumiko/outbox_lag'], { labels: { service: 'customer' }, value: 301.5 });
  assert.deepEqual(counted['kumiko/outbox_rows'], { labels: { service: 'customer' }, value: 7 });
  assert.equal(entries.filter((entry) => 'kumiko/outbox_lag' in countedAs(entry)).length, 1);
});

test('each signed webhook that is not understood counts for its provider, and no other webhook', async () => {
  const bodies = [
    '{"id":"evt_1","type":"payment.authorized","data":{}}',
    'no event',
    '{"id":"evt_2","type":"payment.disputed"}',
    '{"id":"evt_3","type":"payment.captured","data":{"intent":{"id":"pi_1","reference":"orders/o1","sequence":2}}}',
  ];
  const entries: LogEntry[] = [];
  const logger = pino({}, { write: (line) => void entries.push(writtenBy('webhook', JSON.parse(line))) });
  const secret = 'the-secret-of-yamapay';
  const profiles = new Profiles([{ kind: 'payment', name: 'yamapay', header: 'signature', toleranceSeconds: 300, secrets: [secret] }]);
  const store = { keep: async () => ({ isNew: true, events: [] }) } as unknown as WebhookStore;
  const handlers = webhookService({ store, outbox: left, profiles, now: () => new Date() });
  for (const body of bodies) {
    const metadata = new Metadata();
    metadata.set('signature', signed(secret, body, new Date()));
    const request = create(ReceivePaymentEventRequestSchema, { provider: 'yamapay', payload: { data: Buffer.from(body) } });
    await handlers.receivePaymentEvent(request, { logger, metadata } as Call).catch(() => undefined);
  }
  const counted = entries.map(countedAs).filter((one) => Object.keys(one).length > 0);
  assert.deepEqual(counted, Array(2).fill({ 'kumiko/webhook_refusals': { labels: { provider: 'yamapay' } } }));
});

test('each token that a gateway gets counts, and each that it does not get', async () => {
  const filter = await RunningFilter.start();
  filter.request('customer');
  filter.host.calls[0]!.answer('200', jwt(hourMs));
  filter.request('partner');
  filter.host.calls[1]!.answer('404');
  filter.host.close();
  // Envoy writes them so, with a time before.
  const entries = filter.host.lines.map((line) =>
    writtenBy('edge-gateway', `[2026-01-01 00:00:00.000][12][info][wasm] wasm log metadata-token: ${line}`),
  );
  assert.deepEqual(
    entries.map((entry) => Object.keys(countedAs(entry))),
    [['kumiko/token_refreshes'], ['kumiko/token_failures']],
  );
});

test('what the gateways write of each request is no call: the service behind has counted it', () => {
  const bootstrap = readFileSync(join(root, 'gateway/bootstrap/golden/production-edge.yaml'), 'utf8');
  const manager = parse(bootstrap).static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
  const format = manager.access_log[0].typed_config.log_format.json_format;
  assert.deepEqual(countedAs(writtenBy('edge-gateway', { ...format, durationMs: 12 })), {});
});

test('every metric is one that Cloud Logging takes', () => {
  assert.ok(metrics.length > 0);
  for (const { name, metricDescriptor: descriptor, labelExtractors, valueExtractor, bucketOptions } of metrics) {
    // https://docs.cloud.google.com/logging/docs/logs-based-metrics: counters and distributions, both DELTA.
    assert.equal(descriptor.metricKind, 'DELTA', name);
    assert.equal(descriptor.valueType, valueExtractor === undefined ? 'INT64' : 'DISTRIBUTION', name);
    assert.deepEqual(
      (descriptor.labels ?? []).map(({ key }: { key: string }) => key).toSorted(),
      Object.keys(labelExtractors ?? {}).toSorted(),
      name,
    );
    assert.ok((bucketOptions?.exponentialBuckets.numFiniteBuckets ?? 0) <= 200, name);
  }
});

test('alerts look at metrics that are there, by labels that those have', () => {
  const looked = ofType(resources, 'AlertPolicy').flatMap(({ inputs }) => {
    const { conditionThreshold: threshold } = inputs.conditions[0];
    const name = /logging\.googleapis\.com\/user\/([\w/]+)"/.exec(threshold?.filter ?? '')?.[1];
    return name === undefined ? [] : [{ name, threshold }];
  });
  assert.deepEqual(looked.map(({ name }) => name).toSorted(), [
    'kumiko/calls',
    'kumiko/outbox_lag',
    'kumiko/preview_refusals',
    'kumiko/token_failures',
    'kumiko/webhook_refusals',
  ]);
  for (const { name, threshold } of looked) {
    const labels = metrics.find((metric) => metric.name === name)!.metricDescriptor.labels?.map(({ key }: { key: string }) => key) ?? [];
    for (const field of threshold.aggregations[0].groupByFields ?? []) {
      if (field.startsWith('metric.labels.')) assert.ok(labels.includes(field.slice('metric.labels.'.length)), field);
    }
  }
});

test('the codes that count as failures of a method are codes', () => {
  const policy = ofType(resources, 'AlertPolicy').find(({ inputs }) => inputs.displayName === 'Kumiko: A method fails');
  const [, codes = ''] = /one_of\((.*)\)/.exec(policy!.inputs.conditions[0].conditionThreshold.filter) ?? [];
  const names = codes.split(', ').map((name) => JSON.parse(name));
  assert.ok(names.includes('INTERNAL'));
  assert.deepEqual(
    names.filter((name) => !(name in status)),
    [],
  );
});

test('docs/reference/observability.md says what each metric is made of', () => {
  const text = readFileSync(join(root, 'docs/reference/observability.md'), 'utf8');
  const named = [...text.matchAll(/^\| `(kumiko\/\w+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(named.toSorted(), metrics.map(({ name }) => name).toSorted());
});
