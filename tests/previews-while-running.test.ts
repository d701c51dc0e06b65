import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServicesClient } from '@google-cloud/run';
import { credentials, Metadata, makeGenericClientConstructor, type ServiceDefinition, type ServiceError, status } from '@grpc/grpc-js';
import { PassThroughClient } from 'google-auth-library';
import { service as healthService } from 'grpc-health-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { type Endpoints, endpointsFile } from '../deploy/local/platform/endpoints.ts';
import { location, project } from '../deploy/local/platform/place.ts';
import { audienceOf } from '../services/platform/contracts/identities.ts';
import { CommandPlatform } from './command-platform.ts';

const root = join(import.meta.dirname, '..');
const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-previews-'));
const otherCode = mkdtempSync(join(tmpdir(), 'kumiko-code-'));
const worktrees = join(stateDir, 'previews');

let platform: CommandPlatform;
let run: ServicesClient;

const endpoints = () => JSON.parse(readFileSync(endpointsFile(stateDir), 'utf8')) as Endpoints;

/** `npm run preview`, in its own words. */
function preview(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, 'deploy/previews/main.ts'), ...args, '--state-dir', stateDir], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

const started = async (...args: string[]) => expect(await preview('start', ...args)).toMatchObject({ code: 0, stderr: '' });
const stopped = async (...args: string[]) => expect(await preview('stop', ...args)).toMatchObject({ code: 0, stderr: '' });

/** The tags of a service in Cloud Run, with their URIs. */
async function tags(service: string): Promise<Record<string, string>> {
  const [{ trafficStatuses }] = await run.getService({ name: `projects/${project}/locations/${location}/services/${service}` });
  return Object.fromEntries((trafficStatuses ?? []).flatMap(({ tag, uri }) => (tag ? [[tag, uri ?? '']] : [])));
}

/** What a front answers to a caller with the gateway's ID token, or without one. */
async function healthAt(url: string, token?: string): Promise<string> {
  const client = new (makeGenericClientConstructor(healthService as ServiceDefinition, 'Health'))(
    new URL(url).host,
    credentials.createInsecure(),
  );
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('x-serverless-authorization', `Bearer ${token}`);
  try {
    return await new Promise((resolve) => {
      client['Check']?.(
        { service: '' },
        metadata,
        { deadline: Date.now() + 5_000 },
        (error: ServiceError | null, answer: { status: string }) => resolve(error === null ? answer.status : status[error.code]!),
      );
    });
  } finally {
    client.close();
  }
}

const gatewayToken = (service: string) =>
  devToken(endpoints(), 'service', service, { as: 'edge-gateway', audience: audienceOf(service, project) });
const logOf = (name: string) => readFileSync(join(stateDir, 'logs', `${name}.log`), 'utf8');
const gitWorktrees = () => execFileSync('git', ['worktree', 'list'], { cwd: root, encoding: 'utf8' });

/** The platform's processes that run a program, in the order of their start. */
function pidsOf(program: string): number[] {
  return execFileSync('ps', ['-eo', 'pid,ppid,args', '--sort', 'start_time'], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => {
      const [pid, parent] = line.trim().split(/\s+/);
      return Number(parent) === endpoints().pid && line.includes(program) ? [Number(pid)] : [];
    });
}

/** Who listens at the port that a process was told. */
const listens = (url: string) => healthAt(url).then((answer) => answer !== 'UNAVAILABLE');

function openRun({ run: address }: Endpoints): ServicesClient {
  return new ServicesClient({
    projectId: project,
    apiEndpoint: '127.0.0.1',
    port: Number(address.split(':')[1]),
    sslCreds: credentials.createInsecure(),
    authClient: new PassThroughClient(),
  });
}

async function startPlatform(...args: string[]): Promise<void> {
  platform = new CommandPlatform(stateDir, ['--port-base', '0', ...args]);
  run = openRun(await platform.ready());
}

async function stopPlatform(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  await run.close();
  if (signal === 'SIGTERM') platform.signal(signal);
  else platform.signalAll(signal);
  await platform.exit();
  await vi.waitFor(() => expect(platform.alive).toBe(false), { timeout: 60_000, interval: 20 });
}

beforeAll(async () => {
  // A folder with other code, as a colleague's checkout is one.
  for (const name of [
    'proto',
    'services',
    'gateway',
    'deploy',
    'wasm-filters',
    'package.json',
    'package-lock.json',
    'buf.yaml',
    'buf.gen.yaml',
    'tsconfig.json',
  ]) {
    cpSync(join(root, name), join(otherCode, name), { recursive: true, filter: (path) => !/node_modules|\.kumiko/.test(path) });
  }
  symlinkSync(join(root, 'node_modules'), join(otherCode, 'node_modules'));
  const main = join(otherCode, 'services/partner/main.ts');
  writeFileSync(main, `console.log('code of a pull request');\n${readFileSync(main, 'utf8')}`);
  await startPlatform();
});

afterEach(async () => {
  const { stdout } = await preview('list');
  for (const [, service, tag] of stdout.matchAll(/^(\w+)=(\S+) +running/gm)) await preview('stop', service!, tag!);
});

afterAll(async () => {
  if (platform.alive) await stopPlatform('SIGTERM');
  rmSync(stateDir, { recursive: true, force: true });
  rmSync(otherCode, { recursive: true, force: true });
});

describe('a preview of a running platform', { timeout: 240_000 }, () => {
  it('starts beside the default, behind an IAM check, with a tag in Cloud Run; several do, and each stops alone', async () => {
    await Promise.all([started('partner', 'pr-123'), started('partner', 'pr-124', '--from', otherCode), started('customer', 'pr-123')]);
    const { previews } = endpoints();
    expect(Object.keys(previews).toSorted()).toEqual(['customer-pr-123', 'partner-pr-123', 'partner-pr-124']);
    expect(await tags('partner')).toEqual({ 'pr-123': previews['partner-pr-123'], 'pr-124': previews['partner-pr-124'] });
    expect(await tags('customer')).toEqual({ 'pr-123': previews['customer-pr-123'] });
    const url = previews['partner-pr-124']!;
    expect(await healthAt(url)).toBe('UNAUTHENTICATED');
    expect(await healthAt(url, await gatewayToken('customer'))).toBe('UNAUTHENTICATED');
    expect(await healthAt(url, await gatewayToken('partner'))).toBe('SERVING');
    expect(logOf('partner-pr-124')).toContain('code of a pull request');
    expect(logOf('partner-pr-123')).not.toContain('code of a pull request');
    const { stdout } = await preview('list');
    expect(stdout).toMatch(new RegExp(`^partner=pr-124 +running +${url} +${otherCode} +${stateDir}/logs/partner-pr-124.log$`, 'm'));

    await stopped('partner', 'pr-123');
    expect(await tags('partner')).toEqual({ 'pr-124': url });
    expect(Object.keys(endpoints().previews).toSorted()).toEqual(['customer-pr-123', 'partner-pr-124']);
    expect(await listens(previews['partner-pr-123']!)).toBe(false);
    expect(await healthAt(url, await gatewayToken('partner'))).toBe('SERVING');
  });

  it('runs what a commit has, in a worktree that goes with it', async () => {
    await started('partner', 'pr-1', '--from', 'HEAD');
    const folder = join(worktrees, 'partner-pr-1');
    expect(statSync(join(folder, 'services/partner/main.ts')).isFile()).toBe(true);
    expect(gitWorktrees()).toContain(folder);
    // It may import what nobody here does, and so has not been bundled.
    const [pid] = pidsOf(join(folder, 'services/partner/main.ts'));
    expect(execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })).not.toContain('use-packages.ts');
    expect(await healthAt(endpoints().previews['partner-pr-1']!, await gatewayToken('partner'))).toBe('SERVING');
    await stopped('partner', 'pr-1');
    expect(readdirSync(worktrees)).toEqual([]);
    expect(gitWorktrees()).not.toContain(folder);
  });

  it('that dies is told with its log, and its tag goes; the same may be started again', async () => {
    await started('partner', 'pr-9');
    const url = endpoints().previews['partner-pr-9']!;
    // The default was started before it.
    process.kill(pidsOf('services/partner/main.ts').at(-1)!, 'SIGKILL');
    await expect
      .poll(() => platform.output)
      .toMatch(/the preview partner=pr-9 ended \(SIGKILL\): its tag is removed\. .*partner-pr-9\.log/);
    expect(await tags('partner')).toEqual({});
    expect(await listens(url)).toBe(false);
    expect((await preview('list')).stdout).toMatch(/^partner=pr-9 +ended /m);
    expect(await preview('stop', 'partner', 'pr-9')).toMatchObject({ code: 1, stderr: expect.stringContaining('has ended by itself') });
    await started('partner', 'pr-9');
    expect(Object.keys(await tags('partner'))).toEqual(['pr-9']);
  });

  it('is there again after the local cloud has died', async () => {
    await started('partner', 'pr-2');
    const url = endpoints().previews['partner-pr-2']!;
    const [killed] = pidsOf('deploy/local/cloud/main.ts');
    process.kill(killed!, 'SIGKILL');
    await expect.poll(() => pidsOf('deploy/local/cloud/main.ts')).not.toContain(killed);
    await expect.poll(() => tags('partner').catch(() => ({})), { timeout: 60_000 }).toEqual({ 'pr-2': url });
    expect(await healthAt(url, await gatewayToken('partner'))).toBe('SERVING');
  });

  it('of a service that the jobs gateway leads to is met there as well before it counts as started', async () => {
    await started('job', 'pr-6');
    const askers = () =>
      logOf('job-pr-6')
        .split('\n')
        .flatMap((line) => (line.includes('"INVALID_ARGUMENT"') ? [/"callerKind":"(\w+)"/.exec(line)?.[1]] : []));
    await expect.poll(() => [...new Set(askers())].toSorted()).toEqual(['operator', 'trigger']);
  });

  it('that serves health and nothing else is listed by the gateways, and is not started: what was seen last is told', async () => {
    const main = join(otherCode, 'services/webhook/main.ts');
    const whole = readFileSync(main, 'utf8');
    writeFileSync(
      main,
      `import { Server, ServerCredentials } from '@grpc/grpc-js';
       import { HealthImplementation } from 'grpc-health-check';
       const server = new Server();
       new HealthImplementation({ '': 'SERVING' }).addToServer(server);
       server.bindAsync(\`\${process.env['HOST']}:\${process.env['PORT']}\`, ServerCredentials.createInsecure(), () => {});`,
    );
    const listed = async () => (await fetch(`${endpoints().admin}/clusters`)).text();
    const starting = preview('start', 'webhook', 'pr-4', '--from', otherCode);
    await expect.poll(listed, { timeout: 60_000 }).toContain('webhook@pr-4::');
    const { code, stderr } = await starting;
    writeFileSync(main, whole);
    expect(code).toBe(1);
    expect(stderr).toMatch(/has met the revision webhook-pr-4 within 30 s: the last one was answered by no revision \(UNIMPLEMENTED/);
    expect(await tags('webhook')).toEqual({});
    expect((await preview('list')).stdout).not.toContain('webhook');
    expect(await listed()).not.toContain('webhook@pr-4::');
  });

  it('cannot be started by who makes a mistake, who is told one thing to do about it; and nothing changes', async () => {
    await started('partner', 'pr-1');
    const before = [await preview('list'), await tags('partner')];
    const refused = async (args: string[], message: string) => {
      const { code, stdout, stderr } = await preview(...args);
      expect({ code, stdout, lines: stderr.trim().split('\n').length }).toEqual({ code: 1, stdout: '', lines: 1 });
      expect(stderr).toContain(message);
    };
    await refused(['start', 'nope', 'pr-1'], 'there is no service "nope": there are customer, job, partner, webhook');
    await refused(['start', 'partner', 'PR-1'], '"PR-1" is no tag');
    await refused(['start', 'partner', 'pr-1'], 'partner has a preview "pr-1" already, which is running');
    await refused(
      ['start', 'partner', 'pr-2', '--from', 'no-such-branch'],
      '--from no-such-branch is neither a folder nor a branch, tag or commit',
    );
    await refused(['start', 'partner', 'pr-2', '--from=--upload-pack=x'], 'is neither a folder nor a branch, tag or commit');
    await refused(['start', 'partner', 'pr-2', '--from', tmpdir()], 'A folder of this project with its packages (npm ci) is expected');
    await refused(['stop', 'partner', 'pr-2'], 'no preview partner=pr-2 runs: there are partner=pr-1');
    expect([await preview('list'), await tags('partner')]).toEqual(before);
  });

  it('does not take a tag that Cloud Run has from elsewhere', async () => {
    const name = `projects/${project}/locations/${location}/services/webhook`;
    const [{ traffic }] = await run.getService({ name });
    const foreign = { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST' as const, tag: 'pr-1' };
    const change = async (targets: NonNullable<typeof traffic>) => {
      const [operation] = await run.updateService({ service: { name, traffic: targets }, updateMask: { paths: ['traffic'] } });
      await operation.promise();
    };
    await change([...traffic!, foreign]);
    expect(await preview('start', 'webhook', 'pr-1')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('webhook has a tag "pr-1" in Cloud Run already'),
    });
    expect((await preview('list')).stdout).not.toContain('webhook');
    await change(traffic!);
  });

  it('whose code does not start leaves nothing, and is told with what it said', async () => {
    const main = join(otherCode, 'services/webhook/main.ts');
    const whole = readFileSync(main, 'utf8');
    writeFileSync(main, "throw new Error('broken by a pull request');\n");
    const { code, stderr } = await preview('start', 'webhook', 'pr-3', '--from', otherCode);
    writeFileSync(main, whole);
    expect(code).toBe(1);
    expect(stderr).toContain('webhook-pr-3 ended while starting');
    expect(stderr).toContain('broken by a pull request');
    expect(await tags('webhook')).toEqual({});
    expect((await preview('list')).stdout).not.toContain('webhook');
  });
});

describe('the control endpoint', () => {
  function ask(headers: Record<string, string>): Promise<number> {
    return new Promise((resolve, reject) => {
      request(`${endpoints().control}/previews`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
  }

  it('answers this user only, from this machine only', async () => {
    const file = join(stateDir, 'control.token');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const authorization = `Bearer ${readFileSync(file, 'utf8')}`;
    expect(await ask({ authorization })).toBe(200);
    expect(await ask({})).toBe(401);
    expect(await ask({ authorization: 'Bearer x' })).toBe(401);
    expect(await ask({ authorization, host: 'evil.example' })).toBe(403);
    expect(await ask({ authorization, origin: 'https://evil.example' })).toBe(403);
  });
});

describe('the end of a platform with previews', { timeout: 240_000 }, () => {
  it('leaves no process and no worktree when it is stopped, and no tag to its next start', async () => {
    await started('partner', 'pr-1', '--from', 'HEAD');
    await stopPlatform('SIGTERM');
    expect(readdirSync(worktrees)).toEqual([]);
    expect(gitWorktrees()).not.toContain(stateDir);
    expect(existsSync(join(stateDir, 'control.token'))).toBe(false);
    expect(await preview('list')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`no platform runs on ${stateDir}: start it with "npm start"`),
    });
    expect(await preview('start', 'partner', 'pr-1')).toMatchObject({ code: 1, stderr: expect.stringContaining('no platform runs') });
    await startPlatform();
    expect(await tags('partner')).toEqual({});
  });

  it('leaves nothing to its next start when it is killed; those of --preview have tags like the others', async () => {
    await started('partner', 'pr-1', '--from', 'HEAD');
    await stopPlatform('SIGKILL');
    expect(readdirSync(worktrees)).toEqual(['partner-pr-1']);
    await startPlatform('--preview', 'customer=pr-5');
    expect(readdirSync(worktrees)).toEqual([]);
    expect(gitWorktrees()).not.toContain(stateDir);
    expect(await tags('partner')).toEqual({});
    expect(await tags('customer')).toEqual({ 'pr-5': endpoints().previews['customer-pr-5'] });
    expect((await preview('list')).stdout).toMatch(/^customer=pr-5 +running .* this folder /m);
    await stopped('customer', 'pr-5');
    expect(await tags('customer')).toEqual({});
  });

  it('is followed by a reset that leaves nothing at all', async () => {
    await started('partner', 'pr-1', '--from', 'HEAD');
    await stopPlatform('SIGKILL');
    execFileSync(process.execPath, [join(root, 'deploy/local/reset.ts'), '--state-dir', stateDir]);
    expect(existsSync(stateDir)).toBe(false);
    expect(gitWorktrees()).not.toContain(stateDir);
  });
});
