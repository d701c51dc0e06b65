import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PlatformState, ProcessState } from '../deploy/local/console/api.ts';
import { CustomerApp } from '../deploy/local/demo/customer-app.ts';
import { Narrator } from '../deploy/local/demo/narrator.ts';
import { tellStory } from '../deploy/local/demo/story.ts';
import { endpointsFile } from '../deploy/local/platform/endpoints.ts';
import { portNames } from '../deploy/local/platform/ports.ts';
import { loadSecrets } from '../deploy/local/platform/secrets.ts';
import { CommandPlatform } from './command-platform.ts';

const started: CommandPlatform[] = [];
const stateDirs: string[] = [];

function newStateDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'kumiko-'));
  stateDirs.push(dir);
  return dir;
}

function start(stateDir: string, args?: readonly string[], launcher?: 'npm'): CommandPlatform {
  const platform = new CommandPlatform(stateDir, args, launcher);
  started.push(platform);
  return platform;
}

const gone = (platform: CommandPlatform) => expect.poll(() => platform.alive, { interval: 20 }).toBe(false);

/** What the console tells about a platform as soon as `npm start` has said where it is. */
async function toldFirst(platform: CommandPlatform): Promise<{ readonly isReady: boolean; readonly processes: readonly ProcessState[] }> {
  const [, url = ''] = await platform.printed(/the console: (\S+) /);
  const letIn = await fetch(url, { redirect: 'manual' });
  const [cookie = ''] = letIn.headers.get('set-cookie')?.split(';') ?? [];
  const answer = await fetch(new URL('/api/platform', url), { headers: { cookie } });
  const { processes } = (await answer.json()) as PlatformState;
  return { isReady: /ready in/.test(platform.output), processes };
}

const end = () => {
  for (const platform of started.splice(0)) if (platform.alive) platform.signalAll('SIGKILL');
  for (const dir of stateDirs.splice(0)) rmSync(dir, { recursive: true, force: true });
};

// One platform after the other on one state: each step is what the one before it has left.
describe('npm start, on a state that stays', () => {
  const stateDir = newStateDir();
  let platform: CommandPlatform;
  let first: Awaited<ReturnType<typeof toldFirst>>;
  beforeAll(async () => {
    platform = start(stateDir);
    first = await toldFirst(platform);
    await platform.ready();
  });
  afterAll(end);

  it('prints endpoints, tokens and two calls', async () => {
    const endpoints = await platform.ready();
    expect(platform.output).toContain(endpoints.edge);
    expect(platform.output).toMatch(/customer alice\s+ey/);
    expect(platform.output).toContain(`curl -s ${endpoints.edge}/v1/deals`);
    expect(platform.output).toContain('npm run -s grpc --');
  });

  it('shows in the console what starts, before it is ready', () => {
    expect(first.isReady).toBe(false);
    expect(first.processes.map(({ name }) => name)).toContain('spanner');
    expect(first.processes.map(({ state }) => state)).toContain('starting');
  });

  it('refuses a second platform on the same state', async () => {
    const second = start(stateDir);
    expect(await second.exit()).toBe(1);
    expect(second.output).toContain('--state-dir DIR');
    expect(platform.alive).toBe(true);
  });

  it('starts again right after it was told to stop', { timeout: 240_000 }, async () => {
    const before = platform;
    before.signal('SIGINT');
    // It has heard: whoever comes from now on waits for its end.
    await expect.poll(() => existsSync(endpointsFile(stateDir)), { interval: 1 }).toBe(false);
    platform = start(stateDir);
    const { edge } = await platform.ready();
    expect((await fetch(`${edge}/v1/deals`)).status).toBe(200);
    expect(await before.exit()).toBe(0);
    await gone(before);
  });

  it('leaves no process behind when its main process is killed', async () => {
    platform.signal('SIGKILL');
    await platform.exit();
    await gone(platform);
  });
});

describe('npm start', () => {
  afterEach(end);

  it('leaves no process behind when the npm that started it is killed', { timeout: 240_000 }, async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const platform = start(newStateDir(), ['--port-base', '0'], 'npm');
      await platform.ready();
      platform.signal(signal);
      await platform.exit();
      await gone(platform);
    }
  });

  it('leaves no process behind when it is stopped while it starts', async () => {
    const stateDir = newStateDir();
    const platform = start(stateDir);
    // The first of its processes is there, and the others are on their way.
    await expect.poll(() => existsSync(join(stateDir, 'logs/spanner.log')), { interval: 5 }).toBe(true);
    platform.signal('SIGINT');
    expect(await platform.exit()).toBe(0);
    await gone(platform);
  });

  it('keeps what was acknowledged over a kill -9 of every process, tells the story again, and leaves nothing behind when it is stopped', {
    timeout: 240_000,
  }, async () => {
    const stateDir = newStateDir();
    const first = start(stateDir);
    const before = await first.ready();
    const alice = await CustomerApp.signIn('alice', before);
    await alice.setAddress('1-2 Shiokoji-cho');
    const [deal] = await alice.deals();
    const placed = await alice.openGroup(deal!.name);
    first.signalAll('SIGKILL');
    await gone(first);

    const second = start(stateDir);
    const after = await second.ready();
    const order = await (await CustomerApp.signIn('alice', after)).order(placed.order.name);
    expect(order).toMatchObject({ name: placed.order.name, state: 'STATE_PENDING_PAYMENT' });
    const narrator = new Narrator(() => {});
    await tellStory(narrator, { endpoints: after, secrets: loadSecrets(stateDir) });
    expect(narrator.steps.filter(({ ok }) => !ok)).toEqual([]);

    second.signal('SIGTERM');
    expect(await second.exit()).toBe(0);
    // What it has ended may still have to be reaped.
    await gone(second);
    expect(existsSync(endpointsFile(stateDir))).toBe(false);
  });

  it('names the taken port and the option that moves it', async () => {
    const server = createServer();
    const base = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port - portNames.indexOf('pubsub')));
    });
    const platform = start(newStateDir(), ['--port-base', String(base)]);
    expect(await platform.exit()).toBe(1);
    server.close();
    expect(platform.output).toMatch(/port \d+ \(\w+\) is taken/);
    expect(platform.output).toContain('--port-base N');
  });

  it.each([['abc'], ['80'], ['-1']])('refuses --port-base %s and says what is accepted', async (base) => {
    const platform = start(newStateDir(), [`--port-base=${base}`]);
    expect(await platform.exit()).toBe(2);
    expect(platform.output).toContain('from 1024 to 65000');
  });
});
