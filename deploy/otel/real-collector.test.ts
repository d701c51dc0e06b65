import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpanStatusCode } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Instrument, instruments } from '../../services/platform/contracts/instruments.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { labelOf, metricType, ownResource } from '../infra/own-metrics.ts';
import { seedDemoData } from '../local/demo/seed.ts';
import { imagePrograms } from '../local/platform/image-trees.ts';
import { startPlatform } from '../local/platform/start-platform.ts';
import { buildCollector, builtCollector } from './build-collector.ts';
import { type RunningCloudMonitoring, startCloudMonitoring } from './cloud-monitoring.ts';
import { configFor, type RunningCollector, startCollector, validate } from './running-collector.ts';

/** CI builds it before, where there is Go. */
const required = process.env['KUMIKO_REQUIRE_COLLECTOR'] !== undefined;
const missing = !required && builtCollector() === undefined;
const buildLimitMs = 15 * 60_000;

describe.skipIf(missing)(
  missing ? 'a real collector (skipped: none is built, which node deploy/otel/build-collector.ts does)' : 'a real collector',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'kumiko-collector-'));
    let executable: string;
    let programs: Awaited<ReturnType<typeof imagePrograms>>;
    beforeAll(async () => {
      executable = buildCollector();
      programs = await imagePrograms();
    }, buildLimitMs);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    describe.each(['sidecar.yaml', 'gke/collector.yaml'])('with %s', (file) => {
      it('takes the configuration', () => {
        expect(() => validate(executable, configFor(file), folder)).not.toThrow();
      });

      it('drops probes, and what could be personal', async () => {
        const collector = await startCollector(executable, configFor(file), folder);
        try {
          const exporter = new OTLPTraceExporter({ url: `${collector.url}/v1/traces` });
          const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
          const tracer = provider.getTracer('test');
          const failed = { code: SpanStatusCode.ERROR };
          tracer.startSpan('grpc.health.v1.Health/Check').setStatus(failed).end();
          tracer
            .startSpan('kept', {
              attributes: {
                'url.path': '/v1/deals',
                'url.query': 'secret-query',
                'http.url': 'http://edge/v1/deals?token=secret-token',
                'client.address': 'secret-address',
                'http.request.header.authorization': ['secret-header'],
              },
            })
            .setStatus(failed)
            .end();
          await provider.shutdown();
          await expect.poll(collector.output, { interval: 100 }).toContain('kept');
          expect(collector.output()).toContain('http://edge/v1/deals');
          expect(collector.output()).not.toMatch(/secret|Health\/Check/);
        } finally {
          await collector.stop();
        }
      });
    });

    it('is sent the traces and metrics of a running platform', { timeout: 180_000 }, async () => {
      const monitoring = await startCloudMonitoring();
      const collector = await startCollector(executable, configFor('sidecar.yaml'), folder, monitoring.address);
      const names = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_BSP_SCHEDULE_DELAY', 'OTEL_METRIC_EXPORT_INTERVAL'] as const;
      const before = Object.fromEntries(names.map((name) => [name, process.env[name]]));
      Object.assign(process.env, {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_BSP_SCHEDULE_DELAY: '500',
        OTEL_METRIC_EXPORT_INTERVAL: '1000',
      });
      try {
        const platform = await startPlatform({ portBase: 0, stateDir: join(folder, 'platform'), programs });
        try {
          // Deals are events, which subscribers handle.
          await seedDemoData(platform, folder);
          await expect
            .poll(
              async () => {
                await fetch(`${platform.endpoints.edge}/v1/deals`);
                return [...missingFrom(collector), ...unknownTo(monitoring)];
              },
              { timeout: 90_000, interval: 1_000 },
            )
            .toEqual([]);
          for (const { metric, resource } of monitoring.series()) {
            const instrument = Object.values<Instrument>(instruments).find((one) => metricType(one) === metric.type);
            expect(instrument, `${metric.type} is in the list of instruments`).toBeDefined();
            const labels = instrument!.attributes.map((attribute) => labelOf(instrument!, attribute));
            // Beside what the exporter says of the sender.
            const ours = Object.keys(metric.labels).filter((label) => !/^(service|instrumentation)_/.test(label));
            expect(ours.filter((label) => !labels.includes(label))).toEqual([]);
            expect(resource.type).toBe(ownResource);
            expect(serviceNames).toContain(resource.labels['job']);
          }
        } finally {
          await platform.stop();
        }
      } finally {
        for (const name of names) {
          if (before[name] === undefined) delete process.env[name];
          else process.env[name] = before[name];
        }
        await collector.stop();
        monitoring.stop();
      }
    });
  },
);

/** The instruments of which Cloud Monitoring has not been told yet, by the names that alerts know them by. */
function unknownTo(monitoring: RunningCloudMonitoring): string[] {
  const told = new Set(monitoring.series().map(({ metric }) => metric.type));
  return Object.values(instruments)
    .map(metricType)
    .filter((type) => !told.has(type));
}

/** What has to come of a public read. */
function missingFrom(collector: RunningCollector): string[] {
  const output = collector.output();
  return [
    /service\.name: Str\(customer\)/,
    /service\.instance\.id: Str\([0-9a-f-]{36}\)/,
    /Name +: kumiko\.customer\.v1\.CustomerService\/ListDeals/,
    /-> Name: rpc\.server\.call\.duration\n[\s\S]*?rpc\.method: Str\(kumiko\.customer\.v1\.CustomerService\/ListDeals\)/,
  ]
    .filter((expected) => !expected.test(output))
    .map(String);
}
