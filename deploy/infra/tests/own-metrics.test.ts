import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DescService } from '@bufbuild/protobuf';
import { metrics } from '@opentelemetry/api';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { startService } from '../../../services/platform/chassis/process/start-service.ts';
import { bind } from '../../../services/platform/chassis/server/bind.ts';
import type { Outbox } from '../../../services/platform/cloud/events/outbox.ts';
import { relayOutbox } from '../../../services/platform/cloud/events/relay-outbox.ts';
import { MaintenanceService } from '../../../services/platform/contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { WebhookAdminService } from '../../../services/platform/contracts/gen/types/kumiko/webhook/v1/admin_pb.js';
import { WebhookInternalService } from '../../../services/platform/contracts/gen/types/kumiko/webhook/v1/internal_pb.js';
import { WebhookService } from '../../../services/platform/contracts/gen/types/kumiko/webhook/v1/webhook_pb.js';
import { type Instrument, instruments } from '../../../services/platform/contracts/instruments.ts';
import { services } from '../../../services/platform/contracts/services.ts';
import { clientFor, stub, testEnv } from '../../../services/platform/testing/test-service.ts';
import { readEnvironment } from '../../environments/environment.ts';
import { labelOf, metricType } from '../own-metrics.ts';
import { createPlatform } from '../platform.ts';
import { createdBy, ofType } from './created-resources.ts';

const resources = await createdBy(() => createPlatform(readEnvironment('production')));
const queries = ofType(resources, 'AlertPolicy').flatMap(({ inputs }) => {
  const query: string | undefined = inputs.conditions[0].conditionPrometheusQueryLanguage?.query;
  return query === undefined ? [] : [{ alert: inputs.displayName as string, query }];
});

/** The series that a query asks for, by PromQL's names of metrics and of their labels. */
function seriesIn(query: string): { readonly name: string; readonly labels: readonly string[] }[] {
  return [...query.matchAll(/([a-z_]+:\w+)\{([^}]*)\}/g)].map(([, name = '', matchers = '']) => ({
    name,
    labels: [...matchers.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label),
  }));
}

/** What a service says of itself after a call that failed and a run of its relay: names as in PromQL, with their labels. */
async function emitted(): Promise<Map<string, Set<string>>> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  const left = { publishPending: async () => ({ published: 1, failed: 0 }), backlog: async () => ({ rows: 7, lagSeconds: 301.5 }) };
  const upkeep = stub(MaintenanceService, {
    relayOutbox: ({ limit }, call) => relayOutbox(left as unknown as Outbox, limit, call),
    pruneHistory: async () => {
      throw new Error('a bug');
    },
  });
  const stubs = [WebhookService, WebhookAdminService, WebhookInternalService].map((each) =>
    bind<DescService>(each, stub<DescService>(each, {})),
  );
  const service = await startService(
    { name: 'webhook', manifest: { variables: {} }, start: async () => ({ bindings: [...stubs, bind(MaintenanceService, upkeep)] }) },
    { env: testEnv('http://127.0.0.1:1/jwks.json'), destination: { write: () => {} } },
  );
  await service.started;
  const client = clientFor(MaintenanceService, `http://127.0.0.1:${service.port}`, 'job');
  await client.relayOutbox({ limit: 10 });
  await assert.rejects(client.pruneHistory({ limit: 10 }));
  client.close();
  await reader.forceFlush();
  await service.stop();
  await reader.shutdown();
  metrics.disable();
  const found = new Map<string, Set<string>>();
  for (const { descriptor, dataPoints } of exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))) {
    const instrument = Object.values<Instrument>(instruments).find(({ name }) => name === descriptor.name);
    assert.ok(instrument, `${descriptor.name} is in the list of instruments`);
    const labels = dataPoints.flatMap(({ attributes }) => Object.keys(attributes).map((attribute) => labelOf(instrument, attribute)));
    const [domain = '', name = ''] = metricType(instrument).split('/');
    const inPromql = `${domain}:${name}`.replaceAll(/[^\w:]/g, '_');
    for (const suffix of ['', '_count', '_bucket']) found.set(`${inPromql}${suffix}`, new Set(['monitored_resource', 'job', ...labels]));
  }
  return found;
}

test('alerts look at metrics that a running service sends, by labels that those have', async () => {
  const sent = await emitted();
  assert.deepEqual(queries.map(({ alert }) => alert).toSorted(), [
    'Kumiko: A method fails',
    'Kumiko: An outbox is behind',
    'Kumiko: Services say nothing',
  ]);
  for (const { alert, query } of queries) {
    const series = seriesIn(query);
    assert.ok(series.length > 0, alert);
    for (const { name, labels } of series) {
      const known = sent.get(name);
      assert.ok(known, `${alert}: nobody sends ${name}`);
      for (const label of labels) assert.ok(known.has(label), `${alert}: ${name} has no ${label}`);
    }
    // What a query groups by is there as well.
    for (const [, group = ''] of query.matchAll(/by \(([^)]*)\)/g)) {
      for (const label of group.split(', '))
        assert.ok(
          series.every(({ name }) => sent.get(name)?.has(label)),
          `${alert}: ${label}`,
        );
    }
  }
});

test('the silence of every service with a relay is told, and no other', () => {
  const query = queries.find(({ alert }) => alert === 'Kumiko: Services say nothing')?.query ?? '';
  const publishers = services.filter(({ publishes }) => publishes.length > 0).map(({ name }) => name);
  assert.deepEqual(
    [...query.matchAll(/job="([^"]*)"/g)].map(([, name]) => name),
    publishers,
  );
});

test('docs/reference/observability.md names every instrument, and none besides', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/reference/observability.md'), 'utf8');
  const section = text.split("**The services' own.**")[1]?.split('\n**')[0] ?? '';
  const named = [...section.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([\w.]+)`/g)].map(([, name]) => name),
  );
  assert.deepEqual(
    named.toSorted(),
    Object.values(instruments)
      .map(({ name }) => name)
      .toSorted(),
  );
});
