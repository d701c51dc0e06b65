import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ownLabel, podman } from '../deploy/docker/containers/podman.ts';
import { missingImages } from '../deploy/docker/contract/built-images.ts';
import { CustomerApp } from '../deploy/local/demo/customer-app.ts';
import type { ContainerProgram } from '../deploy/local/platform/container.ts';
import { containerPrograms } from '../deploy/local/platform/image-containers.ts';
import { runLimits } from '../deploy/local/platform/run-limits.ts';
import { startPlatform } from '../deploy/local/platform/start-platform.ts';
import { serviceNames } from '../services/platform/contracts/services.ts';
import { CommandPlatform } from './command-platform.ts';
import { instancePids, instanceStates } from './instance-states.ts';
import { usePlatform } from './test-platform.ts';
import { toldStory } from './told-story.ts';

// The platform as Cloud Run runs it, from the images that are deployed: npm start -- --cloud-run --containers.

const skipped = missingImages();
const scratch = mkdtempSync(join(tmpdir(), 'kumiko-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Those of the sample environment, whose images there are; others are told of in `tell`. */
const programs = (tell: (text: string) => void = () => {}) => containerPrograms({ environment: 'production', stateDir: scratch, tell });
/** Containers of this process, or of another one, also those that have ended. */
const containers = (label = ownLabel()) =>
  podman('ps', '--all', '--format', '{{.Names}}', '--filter', `label=${label}`).stdout.split('\n').filter(Boolean);

describe.skipIf(skipped !== undefined)(`services as containers${skipped === undefined ? '' : ` (${skipped})`}`, async () => {
  const stage = usePlatform({
    traces: true,
    programs: skipped === undefined ? await programs() : {},
    // Long enough to look at one by podman before it goes.
    limits: runLimits({ environment: 'staging', idleMs: 20_000 }),
  });

  it('tells the story', { timeout: 180_000 }, async () => {
    await toldStory(stage.platform);
    expect(containers().length).toBeGreaterThan(0);
  });

  it('each has what its manifest gives it, and no more', async () => {
    const { endpoints } = stage.platform;
    expect((await fetch(`${endpoints.edge}/v1/deals`)).status).toBe(200);
    const [pid] = instancePids(stage.platform, 'customer');
    const read = (file: string) => readFileSync(join('/proc', String(pid), file), 'utf8');
    expect(/^Uid:\s+(\d+)/m.exec(read('status'))?.[1]).toBe('65532');
    expect(/^CapEff:\s+(\w+)/m.exec(read('status'))?.[1]).toBe('0000000000000000');
    // "rw" or "ro", of its root.
    expect(/^\S+ \/ \S+ (\w+)/m.exec(read('mounts'))?.[1] ?? read('mounts')).toMatch(/^ro/);
    const [name] = containers().filter((container) => container.startsWith('kumiko-customer-'));
    const host = podman('inspect', '--format', '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}', name!).stdout;
    expect(host).toBe(`${512 * 2 ** 20} 1000000000`);
  });

  it('stands still between requests, and what is killed in the middle of one is replaced', async () => {
    const { endpoints } = stage.platform;
    expect((await fetch(`${endpoints.edge}/v1/deals`)).status).toBe(200);
    await expect.poll(() => instanceStates(stage.platform, 'customer'), { interval: 20 }).toEqual(['T']);
    const [killed] = instancePids(stage.platform, 'customer');
    process.kill(killed!, 'SIGKILL');
    await expect.poll(async () => (await fetch(`${endpoints.edge}/v1/deals`)).status).toBe(200);
    expect(instancePids(stage.platform, 'customer')).not.toContain(killed);
  });

  it('business time moves for those that stand still, and for those that come later', { timeout: 240_000 }, async () => {
    const { endpoints } = stage.platform;
    const opens = async (customer: string) => {
      const app = await CustomerApp.signIn(customer, endpoints);
      await app.setAddress('1-2 Shiokoji-cho');
      const [deal] = await app.deals();
      return Date.parse((await app.openGroup(deal!.name)).group.expireTime);
    };
    const before = await opens('erin');
    await stage.platform.advanceClock(7_200);
    // Groups of one deal are open equally long: what their ends are apart is the time between them.
    expect(await opens('frank')).toBeGreaterThan(before + 7_200_000);
  });

  it('nothing is there when nobody calls', { timeout: 180_000 }, async () => {
    await expect
      .poll(() => serviceNames.flatMap((name) => instanceStates(stage.platform, name)), { timeout: 120_000, interval: 100 })
      .toEqual([]);
    const left = () => [...containers(), ...readdirSync(join(scratch, 'containers'))];
    await expect.poll(() => left(), { interval: 100 }).toEqual([]);
  });

  it('an image that does not start shows its log, and nothing of it is left', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-'));
    const broken: Record<string, ContainerProgram> = { ...(await programs()) };
    broken['customer'] = { ...broken['customer']!, preload: "throw new Error('this image is broken')" };
    const limits = runLimits({ environment: 'staging', idleMs: 5_000, instances: 1 });
    try {
      await expect(startPlatform({ portBase: 0, stateDir, programs: broken, limits })).rejects.toThrow(
        /customer ended while starting.*this image is broken/s,
      );
      await expect.poll(() => containers(), { interval: 100 }).toEqual([]);
    } finally {
      rmSync(stateDir, { recursive: true, force: true });
    }
  });

  it('leaves nothing behind when its main process is killed, not what stands still either', { timeout: 240_000 }, async () => {
    const platform = new CommandPlatform(scratch, [
      '--port-base',
      '0',
      '--cloud-run',
      '--containers',
      '--env',
      'production',
      '--no-console',
    ]);
    try {
      const { edge, pid } = await platform.ready();
      expect((await fetch(`${edge}/v1/deals`)).status).toBe(200);
      const others = () => containers('kumiko.owner').filter((name) => name.includes(`-${pid}-`));
      expect(others().length).toBeGreaterThan(0);
      platform.signal('SIGKILL');
      await platform.exit();
      await expect.poll(() => others(), { interval: 100 }).toEqual([]);
      await expect.poll(() => platform.alive, { interval: 20 }).toBe(false);
    } finally {
      if (platform.alive) platform.signalAll('SIGKILL');
    }
  });
});

describe('npm start -- --cloud-run --containers', () => {
  it.each([['without podman', ['--cloud-run', '--containers'], { PATH: '/nowhere' }, 'podman is not there: apt-get install podman runc']])(
    '%s says what to do',
    async (_, args, env, message) => {
      const platform = new CommandPlatform(scratch, ['--port-base', '0', ...args], undefined, env);
      expect(await platform.exit()).toBeGreaterThan(0);
      expect(platform.output).toContain(message);
      expect(platform.output).not.toMatch(/^\s+at /m);
    },
  );

  it.skipIf(skipped !== undefined)('without the images of its environment says how they are built', async () => {
    const platform = new CommandPlatform(scratch, ['--port-base', '0', '--cloud-run', '--containers', '--env', 'staging']);
    expect(await platform.exit()).toBeGreaterThan(0);
    expect(platform.output).toContain('/customer:main is not there: build it with npm run images -- --env staging');
  });
});
