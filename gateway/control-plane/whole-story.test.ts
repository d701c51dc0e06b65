import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer as createSocketServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { compileBootstrap } from '../bootstrap/compile-bootstrap.ts';
import { choiceHeader } from '../bootstrap/internal-headers.ts';
import { send } from '../conformance/case-client.ts';
import { environmentOf } from '../conformance/local-environment.ts';
import { startTokenAuthority, type TokenAuthority } from '../conformance/tokens.ts';
import { type RunningEnvoy, startEnvoy } from '../envoy/start-envoy.ts';
import type { Listing } from './list-previews.ts';
import { PreviewStore } from './preview-store.ts';
import { PreviewWatch } from './preview-watch.ts';
import { startControlPlane } from './start-control-plane.ts';
import { startStatusPage } from './status-page.ts';
import { startEmptyRevision } from './testing/empty-revision.ts';

// Two gateways, and all that a day may bring to a control plane, while a tester and everybody else go on asking: at the edge, and as tasks at the jobs gateway.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const standard = 'the default';
const servers: { close(): void }[] = [];
/** Which revision each request has met, by who asked: "tester" or "others". */
const met: { readonly who: string; readonly revision: string }[] = [];
const gateways: Partial<Record<'edge' | 'jobs', RunningEnvoy>> = {};
let authority: TokenAuthority;
let folder: string;
let front: Awaited<ReturnType<typeof startFront>>;

async function revision(name: string): Promise<string> {
  const server = await startEmptyRevision((headers) => {
    met.push({ who: headers[choiceHeader] === undefined ? 'others' : 'tester', revision: name });
  });
  servers.push(server);
  return server.url;
}

/** Where gateways look for the control plane: leads to one or another, and cuts who is connected when that changes. */
async function startFront() {
  let target = 0;
  const open = new Set<Socket>();
  const server = createSocketServer((socket) => {
    const upstream = connect(target, '127.0.0.1');
    for (const end of [socket, upstream]) {
      open.add(end);
      end.on('error', () => {});
      end.on('close', () => {
        open.delete(end);
        socket.destroy();
        upstream.destroy();
      });
    }
    socket.pipe(upstream).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const leadTo = (port: number) => {
    target = port;
    for (const socket of open) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo,
    close: () => {
      server.close();
      leadTo(0);
    },
  };
}

/** A control plane with its page. Its listings are what a test says, whenever it says so. */
async function startPlane(environment: { readonly trustedCaFile?: string } = {}) {
  const store = new PreviewStore();
  let listing: Listing = { services: 4, previews: [] };
  const watch = new PreviewWatch({
    store,
    list: async () => listing,
    environment,
    logger: pino({ level: 'silent' }),
    intervalMs: 60_000,
    wait: (_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
  });
  const { port, discovery, close } = await startControlPlane({
    store,
    identify: () => 'edge-gateway',
    isOperator: () => false,
    watch,
    onRefused: () => {},
    onWithheld: () => {},
    host: '127.0.0.1',
    port: 0,
  });
  const page = await startStatusPage({ store, server: discovery, watch }, 0);
  return {
    port,
    find: (previews: Listing['previews'], services = 4) => {
      listing = { services, previews };
      watch.changed();
    },
    begin: () => void watch.run(),
    status: async () => (await fetch(`http://127.0.0.1:${page.port}/`)).json() as Promise<Status>,
    kill: () => {
      watch.end();
      close();
      page.close();
    },
  };
}

interface Status {
  readonly listing: { readonly fault?: string };
  readonly previews: readonly { readonly name: string }[];
  readonly refused: readonly { readonly name: string; readonly words: string }[];
  readonly clients: readonly { readonly withheld?: string; readonly refused?: { readonly previews: readonly string[] } }[];
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kumiko-story-'));
  authority = await startTokenAuthority();
  front = await startFront();
  const upstream = { port: Number(new URL(await revision(standard)).port) } as Parameters<typeof environmentOf>[0]['upstream'];
  for (const role of ['edge', 'jobs'] as const) {
    const environment = { ...environmentOf({ upstream, authority }), previews: { controlPlane: front.url } };
    gateways[role] = await startEnvoy(compileBootstrap({ role, environment }), { folder });
    await vi.waitFor(async () => expect(await ask(role, 'others')).toBe(200), { timeout: 60_000 });
  }
});

afterAll(async () => {
  await Promise.all([gateways.edge?.close(), gateways.jobs?.close()]);
  front.close();
  await authority.close();
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

/** A request for deals, or a task. The tester's token asks for a preview of the service at the edge, a task of the tester's for one behind jobs. */
async function ask(role: 'edge' | 'jobs', who: 'tester' | 'others'): Promise<number> {
  const isTester = who === 'tester';
  const claims = isTester && role === 'edge' ? { claims: { kumiko_preview: { partner: 'pr-1' } } } : {};
  const token = await authority.token({ as: role === 'edge' ? 'partner' : 'queue', ...claims });
  const { status } = await send(gateways[role]!.ports[role]!, {
    protocol: 'HTTP/1.1',
    method: role === 'edge' ? 'GET' : 'POST',
    path: role === 'edge' ? '/v1/partner/deals' : '/v1/tasks/capture-payment',
    headers: [
      ['authorization', `Bearer ${token}`],
      ...(role === 'edge' ? [] : [['content-type', 'application/json'] as const]),
      ...(isTester && role === 'jobs' ? [[choiceHeader, 'job=pr-1'] as const] : []),
    ],
    body: role === 'edge' ? undefined : Buffer.from('{}'),
  });
  return status;
}

/** Goes on asking, everybody everywhere, while `work` is done. */
async function underLoad(work: () => Promise<void>): Promise<number[]> {
  let going = true;
  const failed: number[] = [];
  const load = (['edge', 'jobs'] as const).flatMap((role) =>
    (['tester', 'others'] as const).map(async (who) => {
      while (going) {
        const status = await ask(role, who);
        if (status !== 200) failed.push(status);
      }
    }),
  );
  try {
    await work();
  } finally {
    going = false;
    await Promise.all(load);
  }
  return failed;
}

/** From now on the tester meets these, one behind each gateway, and nobody else does. */
async function testerMeets(...expected: string[]): Promise<void> {
  const tester = (from: number) => new Set(met.slice(from).flatMap(({ who, revision }) => (who === 'tester' ? [revision] : [])));
  await vi.waitFor(
    async () => {
      const from = met.length;
      for (const role of ['edge', 'jobs'] as const) await ask(role, 'tester');
      expect([...tester(from)].toSorted()).toEqual(expected.toSorted());
    },
    { timeout: 60_000, interval: 20 },
  );
  const from = met.length;
  for (let times = 0; times < 10; times++) for (const role of ['edge', 'jobs'] as const) await ask(role, 'tester');
  expect([...tester(from)].toSorted()).toEqual(expected.toSorted());
}

test('two previews come, one goes, the control plane dies and comes again, listings break, a gateway refuses, two planes differ: nobody is failed, and only the tester meets them', async () => {
  const partner = { service: 'partner', tag: 'pr-1', url: await revision('partner@pr-1'), revision: 'partner-pr-1' };
  const job = { service: 'job', tag: 'pr-1', url: await revision('job@pr-1'), revision: 'job-pr-1' };
  const others = Array.from({ length: 12 }, (_, index) => ({ ...partner, tag: `pr-${index + 10}`, revision: `partner-pr-${index + 10}` }));
  let plane = await startPlane();
  const failed = await underLoad(async () => {
    plane.begin();
    front.leadTo(plane.port);
    plane.find([partner, job]);
    await testerMeets('partner@pr-1', 'job@pr-1');
    plane.find([job]);
    await testerMeets(standard, 'job@pr-1');
    plane.find([partner, job, ...others]);
    await testerMeets('partner@pr-1', 'job@pr-1');

    // A broken listing is told, and changes nothing; nor does one that Cloud Run cannot mean.
    plane.find([]);
    await expect.poll(async () => (await plane.status()).listing.fault).toContain('it has 0 of the 14 previews');
    plane.find([], 0);
    await expect.poll(async () => (await plane.status()).listing.fault).toContain('none of our services');
    await testerMeets('partner@pr-1', 'job@pr-1');

    // It dies, and another one comes that knows nothing yet.
    plane.kill();
    await testerMeets('partner@pr-1', 'job@pr-1');
    plane = await startPlane();
    plane.begin();
    front.leadTo(plane.port);
    await expect
      .poll(async () => (await plane.status()).clients.map(({ withheld }) => withheld), { timeout: 60_000 })
      .toEqual(Array(2).fill(expect.stringContaining('it has 0 of the 14 previews')));
    await testerMeets('partner@pr-1', 'job@pr-1');
    plane.find([partner, job, ...others]);
    await expect
      .poll(async () => (await plane.status()).clients.map(({ withheld }) => withheld), { timeout: 60_000 })
      .toEqual([undefined, undefined]);

    // Gateways go to and fro between two control planes, one of which has heard of less.
    const other = await startPlane();
    other.find([partner, job]);
    other.begin();
    for (let times = 0; times < 4; times++) {
      front.leadTo(times % 2 === 0 ? other.port : plane.port);
      await expect.poll(async () => (await (times % 2 === 0 ? other : plane).status()).clients.length, { timeout: 60_000 }).toBe(2);
      await testerMeets('partner@pr-1', 'job@pr-1');
    }
    other.kill();

    // A preview that both gateways refuse: no Envoy has that file.
    const poisoned = await startPlane({ trustedCaFile: '/nowhere.pem' });
    poisoned.find([partner, job, ...others, { ...partner, tag: 'pr-2', url: partner.url.replace('http:', 'https:') }]);
    poisoned.begin();
    front.leadTo(poisoned.port);
    await expect
      .poll(async () => (await poisoned.status()).refused, { timeout: 60_000 })
      .toEqual([expect.objectContaining({ name: 'partner@pr-2', words: expect.stringContaining('/nowhere.pem') })]);
    expect((await poisoned.status()).previews).toHaveLength(14);
    await testerMeets('partner@pr-1', 'job@pr-1');
    plane.kill();
    plane = poisoned;
  });
  plane.kill();
  expect(failed).toEqual([]);
  expect(met.filter(({ who, revision: by }) => who === 'others' && by !== standard)).toEqual([]);
  // All of them were really there.
  expect(met.filter(({ who }) => who === 'others').length).toBeGreaterThan(100);
});
