import { createHash } from 'node:crypto';
import { cpSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { assembleService } from './assemble-service.ts';
import { billOfMaterials } from './bill-of-materials.ts';
import { bundleService } from './bundle-service.ts';
import { serviceCases } from './contract/service-cases.ts';
import { startTelemetryReceiver } from './contract/telemetry-receiver.ts';
import { ImageProcess } from './image-process.ts';
import { healthCheck } from './running-server.ts';
import { type ScratchCloud, startScratchCloud } from './scratch-cloud.ts';
import { warmUp, warmUpCalls } from './shrink/warm-up.ts';

const root = join(import.meta.dirname, '../..');
/** Outside of the project: nothing of its node_modules can be found from there. */
const folder = mkdtempSync(join(tmpdir(), 'kumiko-images-'));
/** Of the services that are started. */
const temporary = join(folder, 'tmp');
const treeOf = (service: string) => join(folder, service);
const sources = new Map<string, readonly string[]>();
const running = new Set<ImageProcess>();
let cloud: ScratchCloud;

beforeAll(async () => {
  mkdirSync(temporary);
  cloud = await startScratchCloud();
  for (const service of serviceNames) {
    sources.set(service, await assembleService(service, treeOf(service), cloud));
  }
}, 240_000);

afterAll(async () => {
  await Promise.all([...running].map((process) => process.stop('SIGKILL')));
  await cloud?.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(service: string, env: Readonly<Record<string, string>>): ImageProcess {
  const process = new ImageProcess(treeOf(service), { TMPDIR: temporary, ...env });
  running.add(process);
  process.ended.then(() => running.delete(process));
  return process;
}

const digestOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** Every file of the tree by its content. */
const filesOf = (service: string) =>
  globSync('**', { cwd: treeOf(service), withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((file) => [file, digestOf(file)] as const);

/** Of each file of a tree's code cache, its digest. */
const cacheOf = (tree: string) => {
  const cache = join(tree, 'app/code-cache');
  return Object.fromEntries(readdirSync(cache).map((name) => [name, digestOf(join(cache, name))]));
};

describe.each(serviceNames)('the image of %s', (service) => {
  test('is one folder, with no package and no source in it', () => {
    expect(readdirSync(treeOf(service))).toEqual(['app']);
    expect(globSync('**/{node_modules,*.ts,*.map,.env*}', { cwd: treeOf(service) })).toEqual([]);
  });

  serviceCases(service, { cloud: () => cloud, start, temporaryFiles: () => readdirSync(temporary) });

  test('names every variable that is missing', async () => {
    const { code, output } = await start(service, { PORT: '0' }).ended;
    expect(code).toBe(1);
    const missing = Object.keys(cloud.environmentOf(service)).filter(
      // Google's clients read these by themselves, and HOST and PORT have defaults.
      (name) => !/EMULATOR|METADATA|^HOST$|^PORT$|^CLOUD_TASKS_ENDPOINT$|^CONTROL_PLANE_URL$/.test(name),
    );
    expect(missing.filter((name) => !output.includes(`${name} is missing`))).toEqual([]);
  });

  test('has a code cache of what the first calls need, which V8 takes as it takes that of Node, and writes nothing', async () => {
    const assembled = filesOf(service);
    const others = 0o004;
    expect(assembled.filter(([file]) => (statSync(file).mode & others) === 0)).toEqual([]);
    const watched = { NODE_OPTIONS: `--require=${join(import.meta.dirname, 'shrink/code-cache-report.cjs')}` };
    const process = start(service, { ...cloud.environmentOf(service), ...watched });
    for (const call of [healthCheck, ...warmUpCalls(service)]) await process.call(call);
    const { output } = await process.stop();
    const reports = output.match(/^code cache of .*$/gm) ?? [];
    expect(reports.length).toBeGreaterThan(5);
    expect(reports.filter((report) => !report.endsWith(': taken'))).toEqual([]);
    expect(filesOf(service)).toEqual(assembled);
  });

  test('tells of a request before its answer: its span has come while it stands still, and what is younger comes at its end', async () => {
    const receiver = await startTelemetryReceiver();
    const intervalMs = 1_000;
    try {
      const process = start(service, {
        ...cloud.environmentOf(service),
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_BSP_SCHEDULE_DELAY: String(intervalMs),
      });
      const [call] = warmUpCalls(service);
      const callAs = (trace: string) =>
        process.call({ ...call!, headers: { ...call!.headers, traceparent: `00-${trace}-b7ad6b7169203331-01` } });
      const hasSpan = (trace: string) => receiver.received.some(({ body }) => body.includes(Buffer.from(trace, 'hex')));
      const traceOf = (number: number) => `${number}`.padStart(32, 'f');
      const traces: string[] = [];
      await process.call(call!);
      globalThis.process.kill(process.pid, 'SIGSTOP');
      // A request waits for 100 ms at most, so a busy machine may miss many. If none waited, all would be missing.
      const [enough, most] = [3, 20];
      let inTime = 0;
      while (inTime < enough && traces.length < most) {
        const trace = traceOf(traces.length + 1);
        traces.push(trace);
        // Stands still for the interval, so that spans are due with the next request.
        await delay(intervalMs + 10);
        globalThis.process.kill(process.pid, 'SIGCONT');
        await callAs(trace);
        // What comes from here on was sent before: a timer would have waited for the interval.
        globalThis.process.kill(process.pid, 'SIGSTOP');
        inTime += await vi
          .waitUntil(() => hasSpan(trace), { timeout: intervalMs })
          .then(
            () => 1,
            () => 0,
          );
      }
      expect(inTime).toBe(enough);
      globalThis.process.kill(process.pid, 'SIGCONT');
      // Within the interval, so not due: it is kept.
      const last = traceOf(traces.length + 1);
      await callAs(last);
      await process.stop();
      expect([...traces, last].filter((trace) => !hasSpan(trace))).toEqual([]);
    } finally {
      receiver.close();
    }
  });

  test('holds nothing of the local cloud, the tests or the tools', () => {
    const own = sources.get(service)!.filter((source) => !source.includes('node_modules/'));
    expect(own.filter((source) => !source.startsWith('services/') && !source.startsWith('on demand:'))).toEqual([]);
    expect(own.filter((source) => /\.test\.ts$|\/tests\//.test(source))).toEqual([]);
    const packages = new Set(sources.get(service)!.flatMap((source) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1] ?? []));
    const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { devDependencies: object };
    // Google's clients and OpenTelemetry's SDK bring these along; tests and the build use them as well.
    const brought = ['@opentelemetry/semantic-conventions', 'google-gax', 'protobufjs'];
    expect(Object.keys(devDependencies)).toContain('@electric-sql/pglite');
    expect(Object.keys(devDependencies).filter((name) => packages.has(name) && !brought.includes(name))).toEqual([]);
  });
});

test('reflection finds what it reads in the image', async () => {
  const process = start('customer', { ...cloud.environmentOf('customer'), REFLECTION: 'true' });
  const client = new Client(`127.0.0.1:${await process.listening()}`, credentials.createInsecure());
  const raw = (bytes: Buffer) => bytes;
  const stream = client.makeBidiStreamRequest('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', raw, raw);
  // ServerReflectionRequest { list_services: "" }
  stream.end(Buffer.from([0x3a, 0x00]));
  const answer = Buffer.concat((await Array.fromAsync(stream)) as Buffer[]).toString();
  client.close();
  expect(answer).toContain('kumiko.customer.v1.CustomerService');
  expect(answer).toContain('grpc.health.v1.Health');
});

test('the services of an image are all services of its workload', async () => {
  // What a server registers before it has read any descriptor is what the descriptors say.
  const [{ servedBy }, { listMethods }] = await Promise.all([
    import('../../services/platform/contracts/services.ts'),
    import('../../services/platform/contracts/methods.ts'),
  ]);
  const served = serviceNames.flatMap((service) =>
    servedBy(service).flatMap(({ methods }) => methods.map(({ path, responseStream }) => `${path} ${responseStream}`)),
  );
  const described = listMethods()
    .filter(({ workload }) => serviceNames.includes(workload))
    .map(({ grpcPath, desc }) => `${grpcPath} ${desc.methodKind === 'server_streaming'}`);
  expect(served.toSorted()).toEqual(described.toSorted());
});

test('what is bundled is the same in each build, its bill of materials too', async () => {
  const [service] = serviceNames;
  const again = join(folder, 'again');
  const inputs = await bundleService(service!, again);
  const bill = await billOfMaterials(service!, inputs);
  const bundled = globSync('**', { cwd: again, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = bundled.map((entry) => relative(again, join(entry.parentPath, entry.name)));
  const first = join(treeOf(service!), 'app');
  expect(paths.filter((path) => digestOf(join(again, path)) !== digestOf(join(first, path)))).toEqual([]);
  expect(bill).toBe(readFileSync(join(first, 'sbom.cdx.json'), 'utf8'));
  // What an image has beside is what V8 made of it.
  const beside = globSync('**', { cwd: first, withFileTypes: true }).filter((entry) => entry.isFile());
  const names = beside.map((entry) => relative(first, join(entry.parentPath, entry.name)));
  expect(names.filter((path) => !paths.includes(path) && !path.startsWith('code-cache/'))).toEqual(['sbom.cdx.json']);
});

test.each(serviceNames)('the code cache of another build of %s is the same, whichever folder it is made in', async (service) => {
  const again = join(folder, `${service}-warmed-up-again`);
  cpSync(treeOf(service), again, { recursive: true, filter: (source) => basename(source) !== 'code-cache' });
  await warmUp(service, again, cloud);
  expect(cacheOf(again)).toEqual(cacheOf(treeOf(service)));
});

test('a bill of materials lists Node and what is bundled, each with its licence and hash, and no tool', () => {
  const { components } = JSON.parse(readFileSync(join(treeOf(serviceNames[0]!), 'app/sbom.cdx.json'), 'utf8')) as {
    components: { name: string; hashes?: unknown[]; licenses?: unknown[] }[];
  };
  const names = components.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['node', '@grpc/grpc-js', 'pino']));
  expect(names.filter((name) => ['vitest', 'typescript', 'esbuild', '@electric-sql/pglite'].includes(name))).toEqual([]);
  expect(
    components.filter(({ hashes = [], licenses = [] }) => hashes.length === 0 || licenses.length === 0).map(({ name }) => name),
  ).toEqual([]);
});
