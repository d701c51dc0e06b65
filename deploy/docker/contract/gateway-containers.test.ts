import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileBootstrap } from '../../../gateway/bootstrap/compile-bootstrap.ts';
import { renderBootstrap } from '../../../gateway/bootstrap/render-bootstrap.ts';
import { compare } from '../../../gateway/bootstrap/testing/differences.ts';
import { startTokenAuthority, type TokenAuthority } from '../../../gateway/conformance/tokens.ts';
import { errorCode } from '../../../services/platform/contracts/error-code.ts';
import { audienceOf, serviceAccountEmail } from '../../../services/platform/contracts/identities.ts';
import { serviceNames, services } from '../../../services/platform/contracts/services.ts';
import { freePort } from '../../../services/platform/tools/free-port.ts';
import { deployedGatewayEnvironment } from '../../environments/deployed-gateway-environment.ts';
import { readEnvironment } from '../../environments/environment.ts';
import { openRead } from '../../environments/open-read.ts';
import { removeOrphans, removeWithParent } from '../containers/podman.ts';
import { builtImage, containerManifest, missingImages } from './built-images.ts';
import { ImageContainer } from './image-container.ts';
import { envoyText, linesThatLoggingDoesNotUnderstand } from './log-lines.ts';

// https://cloud.google.com/run/docs/container-contract, for the gateways' image in both roles, on the production bootstrap with addresses of this machine.
const skipped = missingImages();
const production = deployedGatewayEnvironment(readEnvironment('production'));
const running = new Set<ImageContainer>();
let folder: string;
let authority: TokenAuthority;
let backend: Backend;

/** Stands for every service behind a gateway. */
interface Backend {
  readonly port: number;
  /** Answers nothing until the returned function is called. Resolves when a request waits. */
  hold(): { readonly waits: Promise<void>; release(): void };
  close(): void;
}

describe.skipIf(skipped !== undefined)(`the image of the gateways as containers${skipped === undefined ? '' : ` (${skipped})`}`, () => {
  beforeAll(async () => {
    removeOrphans();
    removeWithParent();
    folder = mkdtempSync(join(tmpdir(), 'kumiko-gateway-container-'));
    authority = await startTokenAuthority();
    backend = await startBackend();
  });

  afterAll(async () => {
    await Promise.all([...running].map((container) => container.stop('SIGKILL')));
    backend?.close();
    await authority?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  describe.each(['edge', 'jobs'] as const)('%s', (role) => {
    const manifest = containerManifest(`${role}-gateway`);

    /** Starts it with its bootstrap of production, of which only what is listed is changed. */
    async function start(): Promise<ImageContainer> {
      const jwksUri = `http://127.0.0.1:${authority.port}/jwks.json`;
      const { customer, partner, google } = production.identity;
      const environment = {
        ...production,
        // Upstreams without TLS, as at home.
        name: 'local' as const,
        listener: { host: '127.0.0.1', port: 8080 },
        admin: { host: '127.0.0.1' as const, port: await freePort() },
        identity: { customer: { ...customer, jwksUri }, partner: { ...partner, jwksUri }, google: { ...google, jwksUri } },
        services: Object.fromEntries(serviceNames.map((name) => [name, { url: `http://127.0.0.1:${backend.port}` }])),
        metadataServer: { host: '127.0.0.1', port: authority.port },
        rateLimits: { clientPerSecond: 1_000_000, callerPerSecond: 1_000_000, anonymousPerSecond: 1_000_000 },
      };
      const [ours, theirs] = [environment, production].map((one) => compileBootstrap({ role, environment: one }));
      expect(compare(ours, theirs).unlisted.filter((path) => path !== 'admin.address.socket_address.port_value')).toEqual([]);
      const file = join(folder, `${role}.yaml`);
      writeFileSync(file, renderBootstrap({ role, environment }), { mode: 0o644 });
      const container = new ImageContainer({
        image: builtImage('gateway'),
        limits: manifest.limits,
        env: manifest.env,
        port: await freePort(),
        files: { [`/etc/kumiko/${role}.yaml`]: file },
      });
      running.add(container);
      container.ended.then(() => running.delete(container));
      return container;
    }

    test('answers its probes, and its first request', async () => {
      const container = await start();
      const url = `http://127.0.0.1:${await container.listening()}`;
      const { path } = manifest.startupProbe.httpGet!;
      expect(manifest.livenessProbe.httpGet!.path).toBe(path);
      expect((await fetch(`${url}${path}`)).status).toBe(200);
      expect((await request(role, url)).status).toBe(200);
      expect(container.user()).toEqual({ uid: 101, capabilities: '0000000000000000' });
      await container.stop();
    });

    test('ends in time: the request under way is answered, only its bootstrap is in /tmp, and the log is understood', async () => {
      const container = await start();
      const url = `http://127.0.0.1:${await container.listening()}`;
      expect((await request(role, url)).status).toBe(200);
      expect(container.temporaryFiles()).toEqual([`${role}.yaml`]);
      const { waits, release } = backend.hold();
      const answer = request(role, url);
      await waits;
      const signalledAt = performance.now();
      const ended = container.signal('SIGTERM');
      // It has heard the signal when it is not healthy any more.
      while (await isHealthy(`${url}${manifest.startupProbe.httpGet!.path}`)) await delay(20);
      release();
      expect((await answer).status).toBe(200);
      const { code, output } = await ended;
      expect(code).toBe(0);
      // Cloud Run kills then.
      expect(performance.now() - signalledAt).toBeLessThan(10_000);
      expect(linesThatLoggingDoesNotUnderstand(output).filter((line) => !envoyText.test(line))).toEqual([]);
      await container.stop('SIGKILL');
    });

    test('listens on every address, at PORT', async () => {
      const container = new ImageContainer({
        image: builtImage('gateway'),
        limits: manifest.limits,
        env: { ...manifest.env, PORT: '9090' },
      });
      running.add(container);
      while (!container.isRunning || !container.listeners().some((listener) => listener.endsWith(':9090'))) await delay(20);
      const outward = container.listeners().filter((listener) => !listener.startsWith('0100007F:'));
      expect(outward).toEqual([expect.stringMatching(/^0+:9090$/)]);
      await container.stop('SIGKILL');
    });

    test('holds its memory under many of the largest requests at a time: each is answered or refused, and it serves on', {
      timeout: 240_000,
    }, async () => {
      const container = await start();
      const url = `http://127.0.0.1:${await container.listening()}`;
      const largest = largestBody(role);
      expect((await request(role, url, largest)).status).toBe(200);
      const { release } = backend.hold();
      const outcome = (body?: string) => request(role, url, body).then(({ status }) => status, connectionReset);
      const answers = Array.from({ length: atATime(role) }, () => outcome(largest));
      release();
      // Refused for want of memory, or too late: on a busy machine that may be all of them, since they advance together.
      expect((await Promise.all(answers)).filter((status) => ![200, 503, 504, 'reset'].includes(status))).toEqual([]);
      // It has its memory back by itself.
      while ((await outcome()) !== 200) await delay(20);
      const { limit, kills, peak } = container.memory();
      expect({ kills, within: peak <= limit }).toEqual({ kills: 0, within: true });
      await container.stop('SIGKILL');
    });

    /** At the edge, where anybody may send them, as many as one instance is given. At the jobs gateway, where only verified triggers do, ten messages of Pub/Sub. */
    function atATime(of: typeof role): number {
      return of === 'edge' ? manifest.concurrency : 10;
    }
  });
});

/** What reaches a service through each: the open read, and the first trigger of a schedule or, with a body, of a subscription. */
async function request(role: 'edge' | 'jobs', url: string, body?: string): Promise<Response> {
  if (role === 'edge' && body === undefined) return fetch(`${url}${openRead().path}`);
  if (role === 'edge')
    return fetch(`${url}${openPost()}`, { method: 'POST', body: body ?? '', headers: { 'content-type': 'application/json' } });
  const [prefix, as, account] =
    body === undefined ? (['/v1/schedules/', 'schedule', 'scheduler'] as const) : (['/v1/events', 'subscription', 'pubsub'] as const);
  const claims = { aud: audienceOf('jobs', production.project), email: serviceAccountEmail(account, production.project) };
  const authorization = `Bearer ${await authority.token({ as, claims })}`;
  return fetch(`${url}${pathWith(prefix)}`, {
    method: 'POST',
    body: body ?? '{}',
    headers: { authorization, 'content-type': 'application/json' },
  });
}

/**
 * Who is refused before all of the request has been sent may find the connection reset and the answer with it, where it reads late.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112.html#section-9.6
 * @throws any other error.
 */
function connectionReset(error: Error): 'reset' {
  const code = errorCode(error.cause);
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET') return 'reset';
  throw error;
}

const methods = services.flatMap(({ grpcServices }) => grpcServices.flatMap((service) => service.methods));

function pathWith(prefix: string): string {
  return methods.find(({ rest }) => rest?.path.startsWith(prefix))!.rest!.path;
}

/** A method that anybody may post to. */
function openPost(): string {
  return methods.find(({ rest, access }) => access === 'public' && rest?.verb === 'post' && !rest.path.includes('{'))!.rest!.path;
}

/** JSON as large as a request may be. */
function largestBody(role: 'edge' | 'jobs'): string {
  const bytes = role === 'edge' ? 1_000_000 : 14_000_000;
  const head = '{"message":{"messageId":"1","data":"';
  return `${head}${'A'.repeat(bytes - head.length - 10)}"}}`;
}

async function isHealthy(url: string): Promise<boolean> {
  return fetch(url, { headers: { connection: 'close' } }).then(
    ({ status }) => status === 200,
    () => false,
  );
}

async function startBackend(): Promise<Backend> {
  let held: { readonly streams: ServerHttp2Stream[]; noticed(): void } | undefined;
  const answer = (stream: ServerHttp2Stream) => {
    if (stream.destroyed) return;
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    // An empty message in its frame.
    stream.end(Buffer.alloc(5));
  };
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {});
    stream.resume();
    stream.on('end', () => {
      if (held === undefined) return answer(stream);
      held.streams.push(stream);
      held.noticed();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const streams: ServerHttp2Stream[] = [];
      held = { streams, noticed: resolve };
      return {
        waits: promise,
        release: () => {
          held = undefined;
          for (const stream of streams) answer(stream);
        },
      };
    },
    close: () => server.close(),
  };
}
