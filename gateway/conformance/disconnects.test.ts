import type { EventEmitter } from 'node:events';
import { connect } from 'node:net';
import { Client, credentials, Metadata, type Server } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileBootstrap } from '../bootstrap/compile-bootstrap.ts';
import { adminPage } from '../envoy/admin-page.ts';
import { type RunningEnvoy, startEnvoy } from '../envoy/start-envoy.ts';
import { environmentOf } from './local-environment.ts';
import { type Surroundings, startSurroundings } from './surroundings.ts';
import { raw, read, startRawService, watch } from './testing/raw-service.ts';
import { untilReady } from './until-ready.ts';

// A client goes away in each phase of a request, many at once, with a preview and without. What was begun for it ends, and nobody after it notices.
// While the token is fetched: wasm-filters/metadata-token/outage-on-envoy.test.ts.
const clients = 20;

let around: Surroundings;
let service: Service;
let preview: Service;
let envoy: RunningEnvoy;

/** A service that answers reads of "deals/now" and keeps all else waiting. */
interface Service {
  readonly port: number;
  readonly server: Server;
  /** Calls that are under way. */
  open: number;
  /** Those that have come. */
  seen: number;
}

async function startService(): Promise<Service> {
  const state = { open: 0, seen: 0 };
  const begin = (call: EventEmitter) => {
    state.seen++;
    state.open++;
    call.on('cancelled', () => state.open--);
  };
  const started = await startRawService({
    watch: (stream) => {
      begin(stream);
      stream.write(Buffer.alloc(0));
    },
    read: (call, answer) => {
      if (call.request.includes('deals/now')) answer(null, Buffer.alloc(0));
      else begin(call);
    },
  });
  return Object.assign(state, started);
}

beforeAll(async () => {
  around = await startSurroundings();
  [service, preview] = await Promise.all([startService(), startService()]);
  const environment = environmentOf(around);
  const services = { ...environment.services, customer: { url: `http://127.0.0.1:${service.port}` } };
  around.controlPlane.tell([{ service: 'customer', tag: 'pr-7', url: `http://127.0.0.1:${preview.port}` }]);
  const previews = { controlPlane: around.controlPlane.url };
  envoy = await startEnvoy(compileBootstrap({ role: 'edge', environment: { ...environment, services, previews } }), {
    folder: around.files.folder,
  });
  const authorization = `Bearer ${await tokenOf(false)}`;
  // The service has no such method.
  const ask = async () => (await fetch(`http://127.0.0.1:${edge()}/v1/profile`, { headers: { authorization } })).status;
  await untilReady(envoy, { ask, admitted: 501, previews: ['customer@pr-7'] });
});

afterAll(async () => {
  await envoy.close();
  for (const { server } of [service, preview]) server.forceShutdown();
  await around.close();
});

const edge = () => envoy.ports['edge']!;
const underWay = async () =>
  Number(/downstream_rq_active: (\d+)/.exec(await adminPage(envoy.adminPort, '/stats?filter=^http.edge.downstream_rq_active$'))?.[1]);
const tokenOf = (asks: boolean) =>
  around.authority.token({ as: 'customer', ...(asks && { claims: { kumiko_preview: { customer: 'pr-7' } } }) });

/** GetDealRequest { name }. */
const deal = (name: string) => Buffer.concat([Buffer.from([0x0a, name.length]), Buffer.from(name)]);

async function answered(token: string): Promise<boolean> {
  const client = new Client(`127.0.0.1:${edge()}`, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  try {
    return await new Promise((resolve) =>
      client.makeUnaryRequest(read, raw, raw, deal('deals/now'), metadata, (error) => resolve(error === null)),
    );
  } finally {
    client.close();
  }
}

describe.each([
  ['the default', false],
  ['a preview', true],
])('clients of %s that go away', (_, asks) => {
  const target = () => (asks ? preview : service);

  /** Nothing of them is left, and whoever comes next is served. */
  async function nothingLeft(): Promise<void> {
    await expect.poll(() => target().open).toBe(0);
    await expect.poll(underWay).toBe(0);
    expect(await answered(await tokenOf(asks))).toBe(true);
  }

  test.each([
    ['in their headers', 'GET /v1/profile HTTP/1.1\r\nhost: g\r\nauthor'],
    [
      'in their body',
      'PATCH /v1/profile HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"displayName":',
    ],
  ])('%s leave nothing behind', async (_phase, text) => {
    const bytes = text.replace('{token}', await tokenOf(asks));
    await Promise.all(
      Array.from(
        { length: clients },
        () =>
          new Promise<void>((resolve) => {
            const socket = connect(edge(), '127.0.0.1', () => socket.write(bytes, () => socket.destroy()));
            socket.once('close', () => resolve());
          }),
      ),
    );
    await nothingLeft();
  });

  test('while the service works end its work', async () => {
    const token = await tokenOf(asks);
    const before = target().seen;
    const leaving = new AbortController();
    const requests = Array.from({ length: clients }, () =>
      fetch(`http://127.0.0.1:${edge()}/v1/deals/later`, { headers: { authorization: `Bearer ${token}` }, signal: leaving.signal }).catch(
        () => 'left',
      ),
    );
    await expect.poll(() => target().seen - before).toBe(clients);
    leaving.abort();
    expect(new Set(await Promise.all(requests))).toEqual(new Set(['left']));
    await nothingLeft();
  });

  test('in the middle of a stream end it', async () => {
    const client = new Client(`127.0.0.1:${edge()}`, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${await tokenOf(asks)}`);
    const streams = Array.from({ length: clients }, () => client.makeServerStreamRequest(watch, raw, raw, Buffer.alloc(0), metadata));
    await Promise.all(
      streams.map(
        (stream) =>
          new Promise<void>((resolve) => {
            stream.on('error', () => {});
            stream.once('data', () => {
              stream.cancel();
              resolve();
            });
          }),
      ),
    );
    client.close();
    await nothingLeft();
  });
});
