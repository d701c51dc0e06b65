import { Client, credentials, Metadata, type Server, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileBootstrap } from '../bootstrap/compile-bootstrap.ts';
import { adminPage } from '../envoy/admin-page.ts';
import { type RunningEnvoy, startEnvoy } from '../envoy/start-envoy.ts';
import { environmentOf } from './local-environment.ts';
import { type Surroundings, startSurroundings } from './surroundings.ts';
import { raw, read, startRawService, watch } from './testing/raw-service.ts';
import { untilReady } from './until-ready.ts';

// Connections grow old on both sides of Envoy while calls and streams are under way: none of them may notice. Both peers are grpc-js, as ours are.
const beats = 15;
const beatMs = 100;

let around: Surroundings;
let service: Server;
let bootstrap: unknown;
let envoy: RunningEnvoy;

/** A service whose connections are told to go after 300 ms, as Cloud Run's front ends do after a while. */
const startAgeingService = () =>
  startRawService(
    {
      watch: (stream) => {
        let sent = 0;
        const timer = setInterval(() => {
          stream.write(Buffer.alloc(0));
          if (++sent < beats) return;
          clearInterval(timer);
          stream.end();
        }, beatMs);
      },
      read: (_, answer) => answer(null, Buffer.alloc(0)),
    },
    { 'grpc.max_connection_age_ms': 300, 'grpc.max_connection_age_grace_ms': 10_000 },
  );

beforeAll(async () => {
  around = await startSurroundings();
  const { server, port } = await startAgeingService();
  service = server;
  const environment = environmentOf(around);
  const services = { ...environment.services, customer: { url: `http://127.0.0.1:${port}` } };
  around.controlPlane.tell([{ service: 'customer', tag: 'pr-7', url: `http://127.0.0.1:${port}` }]);
  const previews = { controlPlane: around.controlPlane.url };
  bootstrap = compileBootstrap({ role: 'edge', environment: { ...environment, services, previews } });
  envoy = await startEnvoy(bootstrap, { folder: around.files.folder });
  await lets(envoy);
});

afterAll(async () => {
  await envoy.close();
  service.forceShutdown();
  await around.close();
});

/** Resolves when an Envoy lets a customer in, and knows the preview. */
async function lets(one: RunningEnvoy): Promise<void> {
  const authorization = `Bearer ${await around.authority.token({ as: 'customer' })}`;
  // The service has no such method.
  const ask = async () => (await fetch(`http://127.0.0.1:${one.ports['edge']}/v1/profile`, { headers: { authorization } })).status;
  await untilReady(one, { ask, admitted: 501, previews: ['customer@pr-7'] });
}

async function statistic(name: string): Promise<number> {
  return Number(/: (\d+)/.exec(await adminPage(envoy.adminPort, `/stats?filter=^${name}$`))?.[1]);
}

test.each([
  ['a service', undefined, 'customer'],
  ['a preview', { kumiko_preview: { customer: 'pr-7' } }, 'customer@pr-7'],
])('streams and calls outlive the connections to %s that are told to go', async (_, claims, cluster) => {
  const client = new Client(`127.0.0.1:${envoy.ports['edge']}`, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${await around.authority.token({ as: 'customer', ...(claims && { claims }) })}`);
  const streams = Array.from({ length: 5 }, async () => {
    const messages: unknown[] = [];
    for await (const message of client.makeServerStreamRequest(watch, raw, raw, Buffer.alloc(0), metadata)) messages.push(message);
    return messages.length;
  });
  let going = true;
  const calls = (async () => {
    const codes: number[] = [];
    while (going) {
      codes.push(
        await new Promise<number>((resolve) =>
          client.makeUnaryRequest(read, raw, raw, Buffer.alloc(0), metadata, (error) => resolve(error?.code ?? status.OK)),
        ),
      );
    }
    return codes;
  })();
  expect(await Promise.all(streams)).toEqual(Array.from({ length: 5 }, () => beats));
  going = false;
  const codes = await calls;
  expect(codes.length).toBeGreaterThan(20);
  expect(codes.filter((code) => code !== status.OK)).toEqual([]);
  expect(await statistic(`cluster.${cluster}.upstream_cx_total`)).toBeGreaterThan(2);
  client.close();
});

test('a stream of a client goes on while the gateway drains, and the client is told to go elsewhere', async () => {
  const own = await startEnvoy(bootstrap, {
    folder: around.files.folder,
    args: ['--drain-time-s', '1', '--drain-strategy', 'immediate'],
  });
  try {
    await lets(own);
    const client = new Client(`127.0.0.1:${own.ports['edge']}`, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${await around.authority.token({ as: 'customer' })}`);
    let messages = 0;
    for await (const _ of client.makeServerStreamRequest(watch, raw, raw, Buffer.alloc(0), metadata)) {
      if (++messages === 2) await adminPage(own.adminPort, '/drain_listeners?graceful', 'POST');
    }
    expect(messages).toBe(beats);
    client.close();
  } finally {
    await own.close();
  }
});
