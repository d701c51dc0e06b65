import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { Metadata } from '@grpc/grpc-js';
import { pino } from 'pino';
import type { Call } from '../../../services/platform/chassis/server/call.ts';
import type { Outbox } from '../../../services/platform/cloud/events/outbox.ts';
import { ReceivePaymentEventRequestSchema } from '../../../services/platform/contracts/gen/types/kumiko/webhook/v1/webhook_pb.js';
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

/** The metrics that an entry counts for, with their labels. */
function countedAs(entry: LogEntry): Record<string, { labels: Record<string, unknown> }> {
  const counting = metrics.filter(({ filter }) => lets(filter, entry));
  return Object.fromEntries(
    counting.map(({ name, labelExtractors = {} }) => {
      const labels = Object.fromEntries(Object.entries<string>(labelExtractors).map(([label, from]) => [label, extract(from, entry)]));
      return [name, { labels }];
    }),
  );
}

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
  const handlers = webhookService({ store, outbox: {} as Outbox, profiles, now: () => new Date() });
  for (const body of bodies) {
    const metadata = new Metadata();
    metadata.set('signature', signed(secret, body, new Date()));
    const request = create(ReceivePaymentEventRequestSchema, { provider: 'yamapay', payload: { data: Buffer.from(body) } });
    await handlers.receivePaymentEvent(request, { logger, metadata } as Call).catch(() => undefined);
  }
  const counted = entries.map(countedAs).filter((one) => Object.keys(one).length > 0);
  assert.deepEqual(counted, Array(2).fill({ 'kumiko/webhook_refusals': { labels: { provider: 'yamapay' } } }));
});

test('each token that a gateway does not get counts, and none that it gets', async () => {
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
    [[], ['kumiko/token_failures']],
  );
});

test('every metric is one that Cloud Logging takes', () => {
  assert.ok(metrics.length > 0);
  for (const { name, metricDescriptor: descriptor, labelExtractors } of metrics) {
    // https://docs.cloud.google.com/logging/docs/logs-based-metrics: a counter.
    assert.deepEqual([descriptor.metricKind, descriptor.valueType], ['DELTA', 'INT64'], name);
    assert.deepEqual(
      (descriptor.labels ?? []).map(({ key }: { key: string }) => key).toSorted(),
      Object.keys(labelExtractors ?? {}).toSorted(),
      name,
    );
  }
});

test('alerts look at metrics that are there, by labels that those have', () => {
  const looked = ofType(resources, 'AlertPolicy').flatMap(({ inputs }) => {
    const { conditionThreshold: threshold } = inputs.conditions[0];
    const name = /logging\.googleapis\.com\/user\/([\w/]+)"/.exec(threshold?.filter ?? '')?.[1];
    return name === undefined ? [] : [{ name, threshold }];
  });
  assert.deepEqual(looked.map(({ name }) => name).toSorted(), [
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

test('docs/reference/observability.md says what each metric is made of', () => {
  const text = readFileSync(join(root, 'docs/reference/observability.md'), 'utf8');
  const named = [...text.matchAll(/^\| `(kumiko\/\w+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(named.toSorted(), metrics.map(({ name }) => name).toSorted());
});
