import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CustomerApp } from '../deploy/local/demo/customer-app.ts';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { runLimits } from '../deploy/local/platform/run-limits.ts';
import { type Database, defineStatements } from '../services/platform/cloud/spanner/database.ts';
import { openDatabase } from '../services/platform/cloud/spanner/spanner-database.ts';
import { createClient } from '../services/platform/contracts/client.ts';
import { CustomerService } from '../services/platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { CommandPlatform } from './command-platform.ts';
import { allStandStill, instanceStates } from './instance-states.ts';
import { usePlatform } from './test-platform.ts';
import { toldStory } from './told-story.ts';

// The platform as Cloud Run runs it: instances come with requests, stand still between them, and go. What relies on work after an answer, on one instance, on
// memory between requests or on a timer does not hold here.

const services = ['customer', 'partner', 'webhook', 'job'] as const;

describe('from zero', () => {
  const stage = usePlatform({ traces: true, limits: runLimits({ environment: 'staging', idleMs: 5_000 }) });
  let database: Database | undefined;

  beforeAll(() => {
    process.env['SPANNER_EMULATOR_HOST'] = stage.platform.endpoints.spanner;
    process.env['METADATA_SERVER_DETECTION'] = 'none';
    database = openDatabase({ project: stage.platform.endpoints.project, instance: 'kumiko', database: 'kumiko' });
  });
  afterAll(() => database?.close());

  it('tells the story, and is nothing again when nobody calls', { timeout: 240_000 }, async () => {
    await toldStory(stage.platform);
    await expect
      .poll(() => services.flatMap((name) => instanceStates(stage.platform, name)), { timeout: 90_000, interval: 200 })
      .toEqual([]);
    const use = await stage.platform.instanceUse();
    for (const service of services) expect(use.filter(({ revision, requests }) => revision === service && requests > 0)).not.toEqual([]);
    // Standing still costs nothing.
    expect(use.every(({ activeMs, lifeMs }) => activeMs <= lifeMs)).toBe(true);
    expect(use.filter(({ activeMs, lifeMs }) => activeMs < lifeMs - 2_000).length).toBeGreaterThan(0);
  });

  it('what an answer is said to have done is done when the instance stands still right behind it', { timeout: 240_000 }, async () => {
    const { endpoints } = stage.platform;
    const app = await CustomerApp.signIn('alice', endpoints);
    await app.setAddress('1-2 Shiokoji-cho');
    const [deal] = await app.deals();
    const spans = async () => (await (await fetch(`${endpoints.traces}/v1/traces`)).text()).length;
    for (let round = 0; round < 3; round++) {
      const { order } = await app.openGroup(deal!.name);
      // By its trigger, another service has called it since; in the end nobody does.
      await expect.poll(() => allStandStill(stage.platform, 'customer'), { interval: 20 }).toBe(true);
      const waiting = await database!.query(defineStatements('customer', { waiting: 'SELECT id FROM customer.outbox' }).waiting);
      expect(waiting).toEqual([]);
      const log = readFileSync(join(stage.stateDir, 'logs/customer.log'), 'utf8');
      expect(log).toContain('OpenGroup OK');
      expect(await app.order(order.name)).toMatchObject({ name: order.name });
    }
    expect(await spans()).toBeGreaterThan(0);
  });

  it('a request that is given up leaves nothing half done, however long its instance stands still then', { timeout: 240_000 }, async () => {
    const { endpoints } = stage.platform;
    const app = await CustomerApp.signIn('bob', endpoints);
    await app.setAddress('1-2 Shiokoji-cho');
    const [deal] = await app.deals();
    const token = await devToken(endpoints, 'customer', 'bob');
    const requestId = randomUUID();
    for (const afterMs of [5, 20, 40, 80, 160]) {
      const abandoned = new AbortController();
      const request = fetch(`${endpoints.edge}/v1/groups`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ deal: deal!.name, requestId }),
        signal: abandoned.signal,
      }).catch(() => undefined);
      await delay(afterMs);
      abandoned.abort();
      await request;
    }
    await delay(2_000);
    // The same request again: it is done once, by whichever of them.
    const answer = await fetch(`${endpoints.edge}/v1/groups`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ deal: deal!.name, requestId }),
    });
    expect(answer.status).toBe(200);
    const orders = (await (await fetch(`${endpoints.edge}/v1/orders`, { headers: { authorization: `Bearer ${token}` } })).json()) as {
      orders: object[];
    };
    expect(orders.orders).toHaveLength(1);
  });

  it('an instance that is killed in the middle of a request is replaced, and what was asked again is done', {
    timeout: 240_000,
  }, async () => {
    const { endpoints } = stage.platform;
    const app = await CustomerApp.signIn('carol', endpoints);
    await app.setAddress('1-2 Shiokoji-cho');
    const [deal] = await app.deals();
    const token = await devToken(endpoints, 'customer', 'carol');
    const requestId = randomUUID();
    const place = () =>
      fetch(`${endpoints.edge}/v1/groups`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ deal: deal!.name, requestId }),
      });
    const first = place();
    await delay(15);
    await expect.poll(() => stage.platform.pid('customer'), { interval: 2 }).toBeDefined();
    const killed = stage.platform.pid('customer')!;
    process.kill(killed, 'SIGKILL');
    expect([200, 503]).toContain((await first).status);
    // What is tried while it is replaced waits for the next one.
    const statuses: number[] = [];
    await vi.waitFor(
      async () => {
        const { status } = await place();
        statuses.push(status);
        expect(status).toBe(200);
      },
      { timeout: 60_000, interval: 20 },
    );
    expect(statuses.length).toBeLessThan(5);
    expect(stage.platform.pid('customer')).not.toBe(killed);
  });

  it('a slow start is waited for', { timeout: 240_000 }, async () => {
    const { endpoints } = stage.platform;
    const app = await CustomerApp.signIn('dave', endpoints);
    await app.setAddress('1-2 Shiokoji-cho');
    const [deal] = await app.deals();
    await expect.poll(() => instanceStates(stage.platform, 'customer')).toEqual([]);
    const placed = app.openGroup(deal!.name);
    await expect.poll(() => stage.platform.pid('customer'), { interval: 2 }).toBeDefined();
    const starting = stage.platform.pid('customer')!;
    process.kill(starting, 'SIGSTOP');
    await delay(1_500);
    process.kill(starting, 'SIGCONT');
    expect(await placed).toMatchObject({ order: { state: 'STATE_PENDING_PAYMENT' } });
  });

  it('business time moves for those that stand still, and for those that come later', { timeout: 240_000 }, async () => {
    const { endpoints } = stage.platform;
    const app = await CustomerApp.signIn('erin', endpoints);
    await app.setAddress('1-2 Shiokoji-cho');
    const [deal] = await app.deals();
    await expect.poll(() => allStandStill(stage.platform, 'customer'), { interval: 20 }).toBe(true);
    await stage.platform.advanceClock(7_200);
    const { group } = await app.openGroup(deal!.name);
    // An hour is the longest that this group may be open, or a day: two hours are skipped in either case.
    expect(Date.parse(group.expireTime)).toBeGreaterThan(Date.now() + 7_200_000);
  });

  it('goes on with what there is when the local cloud has been killed', { timeout: 240_000 }, async () => {
    const { endpoints } = stage.platform;
    expect((await fetch(`${endpoints.edge}/v1/deals`)).status).toBe(200);
    await expect.poll(() => allStandStill(stage.platform, 'customer'), { interval: 20 }).toBe(true);
    const killed = stage.platform.pid('cloud')!;
    process.kill(killed, 'SIGKILL');
    await vi.waitFor(async () => expect((await fetch(`${endpoints.edge}/v1/deals`)).status).toBe(200), { timeout: 60_000, interval: 100 });
    expect(stage.platform.pid('cloud')).not.toBe(killed);
    // What another local cloud had asked for has ended: no more than one is there.
    await expect.poll(() => instanceStates(stage.platform, 'customer')).toHaveLength(1);
  });

  it('a burst from zero is answered by no more instances than there may be', { timeout: 240_000 }, async () => {
    const { endpoints } = stage.platform;
    await expect.poll(() => instanceStates(stage.platform, 'customer')).toEqual([]);
    // As the gateway calls it, but with time for the start: the method's own deadline counts from the edge on.
    const invoker = await devToken(endpoints, 'service', 'customer', { as: 'edge-gateway' });
    const headers = async () => ({ 'x-serverless-authorization': `Bearer ${invoker}` });
    const client = createClient(CustomerService, { url: endpoints.services['customer']!, headers });
    const deadline = new Date(Date.now() + 60_000);
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.listDeals({}, { deadline })));
    client.close();
    expect(answers.every(({ deals }) => deals.length > 0)).toBe(true);
    expect(instanceStates(stage.platform, 'customer').length).toBeLessThanOrEqual(4);
  });
});

describe('three of each, and two revisions at once', () => {
  const limits = runLimits({ environment: 'staging', idleMs: 60_000, instances: 3 });
  const stage = usePlatform({ limits, previews: [{ service: 'customer', tag: 'v2' }] });
  const share = (percent: number) => stage.platform.previews.give({ service: 'customer', tag: 'v2', percent });

  it('tells the story, whichever instance answers', { timeout: 180_000 }, async () => {
    await toldStory(stage.platform);
    for (const name of services) expect(instanceStates(stage.platform, name)).toHaveLength(3);
    const used = (await stage.platform.instanceUse()).filter(({ revision, requests }) => revision === 'customer' && requests > 0);
    expect(used).toHaveLength(3);
  });

  it('tells the story with half of the requests on another revision', { timeout: 180_000 }, async () => {
    await share(50);
    await toldStory(stage.platform);
    const log = readFileSync(join(stage.stateDir, 'logs/customer-v2.log'), 'utf8');
    expect(log.match(/"message":"\w+ OK"/g)?.length).toBeGreaterThan(1);
  });

  it('is deployed under load without a failed request', { timeout: 180_000 }, async () => {
    const { endpoints } = stage.platform;
    const statuses = new Map<number, number>();
    const answered = () => [...statuses.values()].reduce((sum, count) => sum + count, 0);
    let over = false;
    const load = Array.from({ length: 4 }, async () => {
      while (!over) {
        const { status } = await fetch(`${endpoints.edge}/v1/deals`);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    });
    for (const percent of [10, 50, 100, 0]) {
      await share(percent);
      await expect.poll(answered, { timeout: 60_000 }).toBeGreaterThan(answered() + 50);
    }
    await stage.platform.previews.stop({ service: 'customer', tag: 'v2' });
    over = true;
    await Promise.all(load);
    expect([...statuses.keys()]).toEqual([200]);
  });
});

describe('npm start -- --cloud-run', () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-'));
  afterAll(() => rmSync(stateDir, { recursive: true, force: true }));

  it('leaves nothing behind when its main process is killed, not what stands still either', { timeout: 240_000 }, async () => {
    const platform = new CommandPlatform(stateDir, ['--port-base', '0', '--cloud-run', '--idle', '1m']);
    try {
      const { edge, pid } = await platform.ready();
      expect((await fetch(`${edge}/v1/deals`)).status).toBe(200);
      const stopped = () =>
        execFileSync('ps', ['-eo', 'ppid,stat,args'], { encoding: 'utf8' })
          .split('\n')
          .filter((line) => new RegExp(`^ *${pid} +T.*kumiko-images/customer-`).test(line));
      await expect.poll(() => stopped(), { interval: 20 }).toHaveLength(1);
      platform.signal('SIGKILL');
      await platform.exit();
      await expect.poll(() => platform.alive, { interval: 20 }).toBe(false);
    } finally {
      if (platform.alive) platform.signalAll('SIGKILL');
    }
  });

  it.each([
    [['--idle', '5s'], '--idle belongs to --cloud-run'],
    [['--cloud-run', '--idle', 'soon'], '--idle is "soon"'],
    [['--cloud-run', '--instances', '0'], '--instances is "0"'],
    [['--containers'], '--containers belongs to --cloud-run'],
    [['--cloud-run', '--watch'], 'leave one of them out'],
    [['--cloud-run', '--env', 'none'], 'there is no environment "none"'],
    [['--traffic', 'customer=v2:10'], 'begin with it by --preview customer=v2'],
    [['--preview', 'customer=v2', '--traffic', 'customer=v2:200'], '--traffic is "customer=v2:200"'],
  ])('refuses %j and says why', async (args, message) => {
    const platform = new CommandPlatform(stateDir, ['--port-base', '0', ...args]);
    expect(await platform.exit()).toBeGreaterThan(0);
    expect(platform.output).toContain(message);
    expect(platform.output).not.toMatch(/^\s+at /m);
  });

  it('keeps no more than the machine has room for', () => {
    expect(() => runLimits({ environment: 'staging', idleMs: 1_000, instances: 8 }, 2 ** 32)).toThrow(
      '--instances 8 keeps instances with 16.5 GiB of memory together, and this machine has 4.0 GiB',
    );
  });
});
