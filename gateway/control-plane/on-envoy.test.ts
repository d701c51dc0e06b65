import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileRegistry } from '@bufbuild/protobuf';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readDescriptorSet } from '../../services/platform/contracts/methods.ts';
import { compileBootstrap } from '../bootstrap/compile-bootstrap.ts';
import { send } from '../conformance/case-client.ts';
import { environmentOf } from '../conformance/local-environment.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../conformance/scripted-upstream.ts';
import { startTokenAuthority, type TokenAuthority } from '../conformance/tokens.ts';
import { adminPage } from '../envoy/admin-page.ts';
import { type RunningEnvoy, startEnvoy } from '../envoy/start-envoy.ts';
import type { DiscoveryServer } from './discovery-server.ts';
import { previewResource } from './preview-resource.ts';
import { PreviewStore } from './preview-store.ts';
import { PreviewWatch } from './preview-watch.ts';
import type { ControlPlane } from './start-control-plane.ts';
import { statusOf } from './status.ts';
import { startTestControlPlane } from './testing/test-control-plane.ts';

// A real gateway learns previews from a real control plane; the previews are one upstream that counts what it sees.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let standard: ScriptedUpstream;
let preview: ScriptedUpstream;
let authority: TokenAuthority;
let envoy: RunningEnvoy;
let folder: string;
let store: PreviewStore;
let server: DiscoveryServer;
let listening: ControlPlane;
const refused: string[] = [];
const metadataOf: string[] = [];

async function start(port: number): Promise<void> {
  store = new PreviewStore();
  listening = await startTestControlPlane({
    store,
    identify: (metadata) => {
      metadataOf.push(String(metadata.get('x-serverless-authorization')[0]));
      return 'edge-gateway';
    },
    onRefused: ({ name, preview: { revision } }, words) => refused.push(`${name} (${revision}): ${words}`),
    port,
  });
  server = listening.discovery;
}

const good = (tag: string) =>
  previewResource({ service: 'partner', tag, url: `http://127.0.0.1:${preview.port}`, revision: `partner-${tag}` }, {});
/** Passes every rule of Envoy's API: only an Envoy knows that there is no such file. */
const poisoned = (tag: string) =>
  previewResource(
    { service: 'partner', tag, url: `https://127.0.0.1:${preview.port}`, revision: `partner-${tag}` },
    { trustedCaFile: '/nowhere.pem' },
  );

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kumiko-control-plane-'));
  const registry = createFileRegistry(readDescriptorSet());
  [standard, preview, authority] = await Promise.all([
    startScriptedUpstream(registry),
    startScriptedUpstream(registry),
    startTokenAuthority(),
  ]);
  await start(0);
  const environment = {
    ...environmentOf({ upstream: standard, authority }),
    previews: { controlPlane: `http://127.0.0.1:${listening.port}` },
  };
  envoy = await startEnvoy(compileBootstrap({ role: 'edge', environment }), { folder });
  for (const upstream of [standard, preview]) upstream.script(undefined);
  await vi.waitFor(async () => expect((await ask(undefined)).status).toBe(200), { timeout: 60_000 });
});
afterAll(async () => {
  await envoy.close();
  listening.close();
  await Promise.all([standard.close(), preview.close(), authority.close()]);
  rmSync(folder, { recursive: true });
});

/** A partner's request, whose token asks for a preview. */
async function ask(tag: string | undefined, gateway = envoy): Promise<{ status: number; by: 'standard' | 'preview' | undefined }> {
  const before = [standard.seen.length, preview.seen.length];
  const token = await authority.token({ as: 'partner', ...(tag !== undefined && { claims: { kumiko_preview: { partner: tag } } }) });
  const headers = [
    ['authorization', `Bearer ${token}`],
    ['x-asked-for', tag ?? ''],
  ] as const;
  const { status } = await send(gateway.ports['edge']!, {
    protocol: 'HTTP/1.1',
    method: 'GET',
    path: '/v1/partner/deals',
    headers,
    body: undefined,
  });
  const by = standard.seen.length > before[0]! ? 'standard' : preview.seen.length > before[1]! ? 'preview' : undefined;
  return { status, by };
}

const meets = (tag: string, by: 'standard' | 'preview', gateway = envoy) =>
  vi.waitFor(async () => expect(await ask(tag, gateway)).toEqual({ status: 200, by }), { timeout: 30_000, interval: 20 });

/** A gateway's file, but for the variant of the protocol. */
function toldTheWholeState(port: number) {
  const environment = { ...environmentOf({ upstream: standard, authority }), previews: { controlPlane: `http://127.0.0.1:${port}` } };
  const file = JSON.stringify(compileBootstrap({ role: 'edge', environment }));
  return JSON.parse(file.replace('"api_type":"DELTA_GRPC"', '"api_type":"GRPC"')) as ReturnType<typeof compileBootstrap>;
}

/** Keeps on asking while `work` is done. How many answers were no 200, and how many of those who asked for this preview each met: `work` may ask for others. */
async function underLoad(tag: string, work: () => Promise<void>): Promise<{ failed: number; standard: number; preview: number }> {
  let going = true;
  const before = [standard.seen.length, preview.seen.length] as const;
  const met = (upstream: ScriptedUpstream, from: number) =>
    upstream.seen.slice(from).filter(({ headers }) => headers.get('x-asked-for') === tag).length;
  let failed = 0;
  const load = Array.from({ length: 8 }, async () => {
    while (going) if ((await ask(tag)).status !== 200) failed += 1;
  });
  try {
    await work();
  } finally {
    going = false;
    await Promise.all(load);
  }
  return { failed, standard: met(standard, before[0]), preview: met(preview, before[1]) };
}

test('the gateway presents its own token to the control plane', async () => {
  await expect.poll(() => server.clients).toMatchObject([{ node: 'edge-gateway', agent: 'envoy 1.40.0' }]);
  expect(metadataOf.at(-1)).toMatch(/^Bearer ey/);
});

test('a preview that comes is met by those who ask for it, and one that goes by nobody', async () => {
  expect(await ask('pr-1')).toEqual({ status: 200, by: 'standard' });
  store.publish([good('pr-1')]);
  await meets('pr-1', 'preview');
  expect(await ask('pr-2')).toEqual({ status: 200, by: 'standard' });
  expect(await ask(undefined)).toEqual({ status: 200, by: 'standard' });
  await expect.poll(() => server.clients[0]!.accepted).toBe(store.version);
  store.publish([]);
  await meets('pr-1', 'standard');
});

test('coming and going under load loses no request', async () => {
  const seen = await underLoad('pr-1', async () => {
    for (let round = 0; round < 20; round++) {
      store.publish([good('pr-1')]);
      await meets('pr-1', 'preview');
      store.publish([]);
      await meets('pr-1', 'standard');
    }
  });
  expect(seen.failed).toBe(0);
  expect(Math.min(seen.standard, seen.preview)).toBeGreaterThan(20);
});

test('of twenty previews one that an Envoy refuses is out, named with its revision, and the others serve', async () => {
  const tags = Array.from({ length: 20 }, (_, index) => `pr-${index + 1}`);
  const rejected = async () => Number(/: (\d+)/.exec(await adminPage(envoy.adminPort, '/stats?filter=cds.update_rejected'))?.[1]);
  const before = await rejected();
  store.publish(tags.map((tag) => (tag === 'pr-7' ? poisoned(tag) : good(tag))));
  await expect.poll(() => refused).toEqual([expect.stringMatching(/^partner@pr-7 \(partner-pr-7\): .*\/nowhere\.pem/)]);
  for (const tag of tags) await meets(tag, tag === 'pr-7' ? 'standard' : 'preview');
  expect(server.clients[0]!.refused).toMatchObject({ previews: ['partner@pr-7'] });
  // It is not sent again, whatever else changes.
  store.publish([...tags, 'pr-21'].map((tag) => (tag === 'pr-7' ? poisoned(tag) : good(tag))));
  await meets('pr-21', 'preview');
  expect(await rejected()).toBe(before + 1);
  // Its next version is.
  store.publish(tags.map(good));
  await meets('pr-7', 'preview');
});

test('a good preview that turns bad goes on as it was', async () => {
  store.publish([good('pr-1')]);
  await meets('pr-1', 'preview');
  await expect.poll(() => server.clients[0]!.accepted).toBe(store.version);
  store.publish([poisoned('pr-1')]);
  await expect.poll(() => store.refusals.has('partner@pr-1')).toBe(true);
  expect(await ask('pr-1')).toEqual({ status: 200, by: 'preview' });
  expect(store.served.get('partner@pr-1')!.version).toBe(good('pr-1').version);
});

test('while the control plane is gone nothing changes; one that comes back with another state is followed', async () => {
  store.publish([good('pr-1'), good('pr-2')]);
  await meets('pr-2', 'preview');
  const { port } = listening;
  const seen = await underLoad('pr-1', async () => {
    listening.close();
    await vi.waitFor(
      async () => expect(await adminPage(envoy.adminPort, '/stats?filter=control_plane.connected_state')).toContain('connected_state: 0'),
      { timeout: 30_000 },
    );
    expect(await ask('pr-2')).toEqual({ status: 200, by: 'preview' });
    await start(port);
    store.publish([good('pr-1'), good('pr-3')]);
    await vi.waitFor(async () => expect(await ask('pr-3')).toEqual({ status: 200, by: 'preview' }), { timeout: 60_000 });
  });
  expect(seen.failed).toBe(0);
  await meets('pr-2', 'standard');
});

test('a control plane that begins anew with a broken listing takes no preview from a gateway, in either variant, and says so; then the listing heals', async () => {
  const tags = Array.from({ length: 12 }, (_, index) => `pr-${index + 1}`);
  const found = (some: readonly string[]) => ({ services: 4, previews: some.map((tag) => good(tag).preview) });
  store.publish(tags.map(good));
  const { port } = listening;
  const whole = await startEnvoy(toldTheWholeState(port), { folder });
  const accepted = () => server.clients.map((client) => client.accepted);
  await expect.poll(accepted).toEqual([store.version, store.version]);
  const everywhere = async (tag: string) => {
    for (const gateway of [envoy, whole]) await meets(tag, 'preview', gateway);
  };
  await everywhere('pr-12');
  const allMet = async () => {
    for (const tag of tags) for (const gateway of [envoy, whole]) expect(await ask(tag, gateway)).toEqual({ status: 200, by: 'preview' });
  };
  const both = <T>(of: T) => [of, of];
  let listing = found([]);
  let watch: PreviewWatch | undefined;
  const withheld = () => statusOf({ store, server, watch: watch! }).clients.map((client) => client.withheld);
  const seen = await underLoad('pr-12', async () => {
    listening.close();
    await start(port);
    watch = new PreviewWatch({
      store,
      list: async () => listing,
      environment: {},
      logger: pino({ level: 'silent' }),
      intervalMs: 60_000,
      // Until it hears of a change.
      wait: (_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    });
    void watch.run();
    await expect.poll(withheld, { timeout: 60_000 }).toEqual(both('the listing looks wrong: it has 0 of the 12 previews that there were'));
    await allMet();
    listing = found(tags.slice(0, 5));
    watch.changed();
    await expect.poll(withheld).toEqual(both('the listing looks wrong: it has 5 of the 12 previews that there were'));
    await allMet();
    listing = found([...tags, 'pr-13']);
    watch.changed();
    await everywhere('pr-13');
    expect(withheld()).toEqual(both(undefined));
    await allMet();
  });
  watch?.end();
  await whole.close();
  expect(seen).toEqual({ failed: 0, standard: 0, preview: expect.toSatisfy((met: number) => met > 20) });
});

test('a gateway that starts while there is no control plane serves, and learns previews when there is one', async () => {
  const { port } = listening;
  listening.close();
  const environment = { ...environmentOf({ upstream: standard, authority }), previews: { controlPlane: `http://127.0.0.1:${port}` } };
  await envoy.close();
  envoy = await startEnvoy(compileBootstrap({ role: 'edge', environment }), { folder });
  await vi.waitFor(async () => expect(await ask('pr-1')).toEqual({ status: 200, by: 'standard' }), { timeout: 60_000 });
  await start(port);
  store.publish([good('pr-1')]);
  await vi.waitFor(async () => expect(await ask('pr-1')).toEqual({ status: 200, by: 'preview' }), { timeout: 60_000 });
});
