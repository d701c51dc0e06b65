import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { createManualClock } from '../../shared/clock/advanceable-clock.ts';
import { systemClock } from '../../shared/local-server.ts';
import type { HostedInstance, InstanceHost } from './instance-host.ts';
import { alwaysOn, type RevisionLimits } from './limits.ts';
import { type Lease, RevisionPool } from './revision-pool.ts';

const limits: RevisionLimits = { ...alwaysOn, minInstances: 0, maxInstances: 3, concurrency: 2, cpuThrottling: true, idleMs: 1_000 };

/** An instance's other end: it takes connections, and ends when it is told to. */
class FakeInstance {
  readonly server: Http2Server = createServer();
  readonly sessions = new Set<ServerHttp2Session>();
  readonly #ended = Promise.withResolvers<string>();
  stopped = false;

  constructor() {
    this.server.on('session', (session) => {
      this.sessions.add(session);
      session.on('error', () => {});
    });
  }

  async host(id: string, pid: number): Promise<HostedInstance> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const { port } = this.server.address() as AddressInfo;
    return {
      id,
      pid,
      port,
      ended: this.#ended.promise,
      stop: () => {
        this.stopped = true;
        this.end('stopped');
      },
    };
  }

  end(how: string): void {
    for (const session of this.sessions) session.destroy();
    this.server.close();
    this.#ended.resolve(how);
  }
}

/** Starts instances when the test lets it. */
class FakeHost implements InstanceHost {
  readonly asked: { come(): Promise<FakeInstance>; fail(): void }[] = [];
  readonly instances: FakeInstance[] = [];

  async start(revision: string): Promise<HostedInstance> {
    const { promise, resolve, reject } = Promise.withResolvers<HostedInstance>();
    const number = this.asked.length + 1;
    this.asked.push({
      come: async () => {
        const instance = new FakeInstance();
        this.instances.push(instance);
        resolve(await instance.host(`${revision}.${number}`, number));
        return instance;
      },
      fail: () => reject(new Error('it does not start')),
    });
    return promise;
  }
}

const opened: { pool: RevisionPool; host: FakeHost }[] = [];

function openPool(changes: Partial<RevisionLimits> = {}, startedAhead = 0) {
  const host = new FakeHost();
  const clock = createManualClock();
  const signals: string[] = [];
  const signal = (pid: number, name: string) => void signals.push(`${name} ${pid}`);
  const pool = new RevisionPool({ revision: 'shop', limits: { ...limits, ...changes }, startedAhead, host, clock, signal });
  opened.push({ pool, host });
  return { pool, host, clock, signals };
}

afterEach(() => {
  for (const { pool, host } of opened.splice(0)) {
    pool.close();
    for (const instance of host.instances) instance.end('test');
  }
});

const leaseNobodyWaitsFor = (pool: RevisionPool) => void Promise.resolve(pool.lease()).catch(() => {});

/** Whether a lease has been given by now. */
const settled = async (lease: Lease | Promise<Lease>) => {
  let known: Lease | undefined;
  void Promise.resolve(lease).then(
    (given) => {
      known = given;
    },
    () => {},
  );
  await new Promise((resolve) => setTimeout(resolve, 20));
  return known;
};

test('the first request starts an instance and waits for it; nobody else is started for what fits', async () => {
  const { pool, host } = openPool();
  expect(host.asked).toHaveLength(0);
  const first = pool.lease();
  const second = pool.lease();
  expect(host.asked).toHaveLength(1);
  await host.asked[0]!.come();
  await Promise.all([first, second]);
  expect(host.asked).toHaveLength(1);
});

test('none has more requests than it may, others come for the rest, and beyond the most they wait', async () => {
  const { pool, host } = openPool();
  const leases = Array.from({ length: 7 }, () => pool.lease());
  expect(host.asked).toHaveLength(3);
  for (const asked of host.asked) await asked.come();
  const given = await Promise.all(leases.slice(0, 6));
  const perSession = Map.groupBy(given, ({ session }) => session);
  expect([...perSession.values()].map(({ length }) => length)).toEqual([2, 2, 2]);
  expect(await settled(leases[6]!)).toBeUndefined();
  given[3]!.release();
  expect((await leases[6]!).session).toBe(given[3]!.session);
});

test('requests go in turn to those that have as few: there is no session affinity', async () => {
  const { pool, host } = openPool({ minInstances: 3 });
  for (const asked of host.asked) await asked.come();
  // All places of all three are given when each is connected.
  const places = await Promise.all(Array.from({ length: 6 }, () => pool.lease()));
  for (const { release } of places) release();
  const seen = new Set();
  for (let request = 0; request < 3; request++) {
    const lease = await pool.lease();
    seen.add(lease.session);
    lease.release();
  }
  expect(seen.size).toBe(3);
});

test('one stands still from its answer to the next request, and not while it has another', async () => {
  const { pool, host, signals } = openPool();
  const waiting = pool.lease();
  await host.asked[0]!.come();
  const first = await waiting;
  const second = await pool.lease();
  first.release();
  expect(signals).toEqual([]);
  second.release();
  expect(signals).toEqual(['SIGSTOP 1']);
  const third = await pool.lease();
  expect(signals).toEqual(['SIGSTOP 1', 'SIGCONT 1']);
  third.release();
});

test('one that has had no request has the CPU for ten seconds after its start', async () => {
  const { host, clock, signals } = openPool({ minInstances: 1 });
  await host.asked[0]!.come();
  await expect.poll(() => host.instances[0]!.sessions.size).toBe(1);
  clock.advance(9_999);
  expect(signals).toEqual([]);
  clock.advance(1);
  expect(signals).toEqual(['SIGSTOP 1']);
});

test('one whose CPU is always allocated never stands still', async () => {
  const { pool, host, clock, signals } = openPool({ cpuThrottling: false, minInstances: 1 });
  await host.asked[0]!.come();
  (await pool.lease()).release();
  clock.advance(60_000);
  expect(signals).toEqual([]);
});

test('held, all of them run', async () => {
  const { pool, host, signals } = openPool();
  const waiting = pool.lease();
  await host.asked[0]!.come();
  (await waiting).release();
  pool.hold();
  (await pool.lease()).release();
  expect(signals).toEqual(['SIGSTOP 1', 'SIGCONT 1']);
  pool.letGo();
  expect(signals).toEqual(['SIGSTOP 1', 'SIGCONT 1', 'SIGSTOP 1']);
});

test('what nobody needs for a while is thawed and ended, and the next request starts anew', async () => {
  const { pool, host, clock, signals } = openPool();
  const waiting = pool.lease();
  const instance = await host.asked[0]!.come();
  (await waiting).release();
  clock.advance(999);
  expect(instance.stopped).toBe(false);
  clock.advance(1);
  expect(instance.stopped).toBe(true);
  expect(signals).toEqual(['SIGSTOP 1', 'SIGCONT 1']);
  leaseNobodyWaitsFor(pool);
  expect(host.asked).toHaveLength(2);
});

test('the least that stays is never ended, and follows the traffic of its revision', async () => {
  const { pool, host, clock } = openPool({ minInstances: 2, minFollowsTraffic: true });
  for (const asked of host.asked) await asked.come();
  await expect.poll(() => host.instances.every(({ sessions }) => sessions.size === 1)).toBe(true);
  clock.advance(60_000);
  expect(host.instances.map(({ stopped }) => stopped)).toEqual([false, false]);
  pool.keepFor(50);
  expect(host.instances.filter(({ stopped }) => stopped)).toHaveLength(1);
  pool.keepFor(0);
  expect(host.instances.filter(({ stopped }) => stopped)).toHaveLength(2);
});

test('one that crashes is replaced for those who wait, and at once where it is one of the least', async () => {
  const { pool, host } = openPool({ minInstances: 1 });
  const instance = await host.asked[0]!.come();
  await expect.poll(() => instance.sessions.size).toBe(1);
  instance.end('SIGKILL');
  await expect.poll(() => host.asked).toHaveLength(2);
  const waiting = pool.lease();
  await host.asked[1]!.come();
  expect(await waiting).toMatchObject({ session: expect.anything() });
});

test('who waits where none comes up is told at once, and the next start waits longer each time', async () => {
  const { pool, host, clock } = openPool();
  const waiting = pool.lease();
  host.asked[0]!.fail();
  await expect(waiting).rejects.toMatchObject({ status: 503 });
  const again = Promise.resolve(pool.lease());
  expect(host.asked).toHaveLength(1);
  clock.advance(200);
  expect(host.asked).toHaveLength(2);
  host.asked[1]!.fail();
  await expect(again).rejects.toMatchObject({ status: 503 });
  leaseNobodyWaitsFor(pool);
  clock.advance(399);
  expect(host.asked).toHaveLength(2);
  clock.advance(1);
  expect(host.asked).toHaveLength(3);
});

test('who waits longer than ten seconds for a place is told 429, and the order of those behind stays', async () => {
  const { pool, host, clock } = openPool({ maxInstances: 1, concurrency: 1 });
  const first = pool.lease();
  await host.asked[0]!.come();
  const held = await first;
  const second = Promise.resolve(pool.lease());
  clock.advance(5_000);
  const third = pool.lease();
  clock.advance(5_000);
  await expect(second).rejects.toMatchObject({ status: 429 });
  held.release();
  expect(await third).toBeDefined();
});

test('where instances start slowly, requests wait for three and a half starts', async () => {
  const { pool, host, clock } = openPool({ maxInstances: 1, concurrency: 1 });
  const first = pool.lease();
  clock.advance(8_000);
  await host.asked[0]!.come();
  await first;
  const second = Promise.resolve(pool.lease());
  let refused = false;
  second.catch(() => {
    refused = true;
  });
  clock.advance(27_999);
  await settled(second);
  expect(refused).toBe(false);
  clock.advance(1);
  await expect(second).rejects.toMatchObject({ status: 429 });
});

test('instances that were started before are asked for at once', () => {
  expect(openPool({}, 1).host.asked).toHaveLength(1);
});

test('what an instance has used counts its start and its requests, and not the time that it stood still', async () => {
  const { pool, host, clock } = openPool();
  const waiting = pool.lease();
  clock.advance(300);
  await host.asked[0]!.come();
  const lease = await waiting;
  clock.advance(50);
  lease.release();
  clock.advance(400);
  expect(pool.use()).toMatchObject([{ instance: 'shop.1', startupMs: 300, activeMs: 350, lifeMs: 750, requests: 1 }]);
  clock.advance(600);
  await expect.poll(() => pool.use()).toMatchObject([{ activeMs: 350, lifeMs: 1_350 }]);
});

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

test('a real process does nothing at all between two requests, and answers the next one', async () => {
  // It says for how long it has done nothing at a stretch since it was asked last.
  const program = `
    const server = require('node:http2').createServer();
    let longestMs = 0;
    let tickedAt = performance.now();
    const tick = () => {
      longestMs = Math.max(longestMs, performance.now() - tickedAt);
      tickedAt = performance.now();
    };
    setInterval(tick, 1);
    server.on('stream', (stream) => {
      tick();
      stream.respond({ still: Math.round(longestMs) });
      stream.end();
      longestMs = 0;
    });
    server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [port] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  const hosted = { id: 'real', pid: child.pid!, port: Number(port), ended: new Promise<string>(() => {}), stop: () => {} };
  const pool = new RevisionPool({ revision: 'real', limits, startedAhead: 0, host: { start: async () => hosted }, clock: systemClock });
  const ask = async () => {
    const { session, release } = await pool.lease();
    const stream = session.request({ ':path': '/' });
    const [headers] = (await once(stream, 'response')) as [{ still: string }];
    stream.resume();
    await once(stream, 'close');
    release();
    return Number(headers.still);
  };
  await ask();
  const state = () => /\) (\w)/.exec(readFileSync(`/proc/${child.pid}/stat`, 'utf8'))?.[1];
  if (process.platform === 'linux') await expect.poll(() => state()).toBe('T');
  await new Promise((resolve) => setTimeout(resolve, 500));
  // Where the machine is slow it has stood still for longer.
  expect(await ask()).toBeGreaterThanOrEqual(490);
  pool.close();
});
