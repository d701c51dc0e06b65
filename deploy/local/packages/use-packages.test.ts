import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { servicesFolder } from '../../../services/platform/contracts/product-folder.ts';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { startTelemetryReceiver } from '../../docker/contract/telemetry-receiver.ts';
import { currentBundles } from './packages-folder.ts';

const root = join(import.meta.dirname, '../../..');
const startTelemetry = join(root, 'services/platform/chassis/telemetry/start-telemetry.ts');
const preload = join(import.meta.dirname, 'use-packages.ts');
let bundled: string;

beforeAll(async () => {
  await import('./build.ts');
  bundled = `${pathToFileURL(currentBundles()!).href}/`;
});

/** Runs a module in a process that begins as those of the platform do. Returns the addresses of the modules that it has loaded of packages. */
async function packagesLoadedBy(source: string): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-packages-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'main.mjs');
  const recorded = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
    ${source}
    console.log(JSON.stringify(loaded));
  `;
  writeFileSync(file, recorded);
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', preload, file]);
  const loaded = JSON.parse(stdout.slice(stdout.lastIndexOf('\n', stdout.length - 2) + 1)) as readonly string[];
  return loaded.filter((url) => url.startsWith(bundled) || url.includes('/node_modules/'));
}

const installed = (urls: readonly string[]) => urls.filter((url) => !url.startsWith(bundled));

test.each(serviceNames)('%s loads no package as it is installed, so none twice', async (name) => {
  const loaded = await packagesLoadedBy(`await import(${JSON.stringify(join(servicesFolder, name, 'composition.ts'))});`);
  expect(loaded).toContain(`${bundled}@grpc+grpc-js.js`);
  expect(installed(loaded)).toEqual([]);
});

test("a service's spans and metrics are sent by what is bundled, and no exporter that nobody has is loaded", async () => {
  const receiver = await startTelemetryReceiver();
  onTestFinished(() => receiver.close());
  const loaded = await packagesLoadedBy(`
    const { startTelemetry } = await import(${JSON.stringify(startTelemetry)});
    const { trace } = await import(${JSON.stringify(`${bundled}@opentelemetry+api.js`)});
    const telemetry = await startTelemetry({
      service: 'notes', endpoint: ${JSON.stringify(receiver.url)}, delayMs: 60_000, metricIntervalMs: 60_000, sampler: 'parentbased_always_on', samplerRatio: 1,
    });
    trace.getTracer('test').startSpan('read a note').end();
    await telemetry.shutdown();
  `);
  for (const [path, text] of [
    ['/v1/traces', 'read a note'],
    ['/v1/metrics', 'process.memory.usage'],
  ] as const) {
    expect(receiver.received.some((one) => one.path === path && one.body.includes(text))).toBe(true);
  }
  expect(loaded).toContain(`${bundled}@opentelemetry+sdk-node.js`);
  expect(loaded).not.toContain(`${bundled}yaml.js`);
  expect(installed(loaded)).toEqual([]);
});

test('code of another folder gets the packages that are installed there', async () => {
  const loaded = await packagesLoadedBy(`await import('@opentelemetry/sdk-trace');`);
  expect(loaded.some((url) => url.includes('/node_modules/@opentelemetry/sdk-trace/'))).toBe(true);
  expect(installed(loaded)).toEqual(loaded);
});
