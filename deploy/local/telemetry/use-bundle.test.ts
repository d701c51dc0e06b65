import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { startTelemetryReceiver } from '../../docker/contract/telemetry-receiver.ts';
import { bundleFile } from './bundled-packages.ts';

const root = join(import.meta.dirname, '../../..');
const startTelemetry = join(root, 'services/platform/chassis/telemetry/start-telemetry.ts');
const preload = join(import.meta.dirname, 'use-bundle.ts');

beforeAll(() => import('./build.ts'));

/** Runs a module in a process that begins as a service with traces does. Returns what it prints, as JSON. */
async function inService(source: string): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-telemetry-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'main.mjs');
  writeFileSync(file, source);
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', preload, file]);
  return JSON.parse(stdout);
}

/** Prints the packages that the process has loaded. */
const printPackages = `
  const { createRequire } = await import('node:module');
  const loaded = Object.keys(createRequire(import.meta.url).cache).map((file) => /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(file)?.[1] ?? file);
  console.log(JSON.stringify([...new Set(loaded)].toSorted()));
`;

test("a service's spans and metrics are sent by what is in the file, and no exporter that nobody has is loaded", async () => {
  const receiver = await startTelemetryReceiver();
  onTestFinished(() => receiver.close());
  const loaded = await inService(`
    const { startTelemetry } = await import(${JSON.stringify(startTelemetry)});
    const { trace } = await import('@opentelemetry/api');
    const telemetry = await startTelemetry({
      service: 'notes', endpoint: ${JSON.stringify(receiver.url)}, delayMs: 60_000, metricIntervalMs: 60_000, sampler: 'parentbased_always_on', samplerRatio: 1,
    });
    trace.getTracer('test').startSpan('read a note').end();
    await telemetry.shutdown();
    ${printPackages}
  `);
  for (const [path, text] of [
    ['/v1/traces', 'read a note'],
    ['/v1/metrics', 'process.memory.usage'],
  ] as const) {
    expect(receiver.received.some((one) => one.path === path && one.body.includes(text))).toBe(true);
  }
  expect(loaded).toContain(bundleFile);
  expect(loaded).toContain('@opentelemetry/api');
  expect(loaded).not.toContain('@opentelemetry/sdk-node');
  expect(loaded).not.toContain('yaml');
});

test('code of another folder gets the packages that are installed there', async () => {
  const loaded = await inService(`
    await import('@opentelemetry/sdk-trace');
    ${printPackages}
  `);
  expect(loaded).toContain('@opentelemetry/sdk-trace');
  expect(loaded).not.toContain(bundleFile);
});
