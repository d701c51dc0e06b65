import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer as createSocketServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { compileBootstrap } from '../../gateway/bootstrap/compile-bootstrap.ts';
import { choiceHeader } from '../../gateway/bootstrap/internal-headers.ts';
import { environmentOf } from '../../gateway/conformance/local-environment.ts';
import { startTokenAuthority, type TokenAuthority } from '../../gateway/conformance/tokens.ts';
import { startToldPreviews, type ToldPreviews } from '../../gateway/control-plane/testing/told-previews.ts';
import { adminPage } from '../../gateway/envoy/admin-page.ts';
import { type RunningEnvoy, startEnvoy } from '../../gateway/envoy/start-envoy.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { proofsOf } from './proofs.ts';
import { NotMet, untilMet } from './until-met.ts';

// Real gateways, and in the place of revisions what answers as they do, or does not.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const servers: (Http2Server | Server)[] = [];
const closing: (() => unknown)[] = [];
const bodies: Buffer[] = [];
let authority: TokenAuthority;
let controlPlane: ToldPreviews;
let edge: RunningEnvoy;
let jobs: RunningEnvoy;

async function portOf(server: Http2Server | Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

/** A revision that refuses every request as unreadable, and names itself to who asks for a preview. */
async function revision(name: string): Promise<number> {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => bodies.push(chunk));
    stream.on('end', () => {
      const named = headers[choiceHeader] === undefined ? {} : { 'x-kumiko-revision': name };
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '3', ...named }, { endStream: true });
    });
  });
  return portOf(server);
}

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-met-'));
  closing.push(() => rmSync(folder, { recursive: true }));
  authority = await startTokenAuthority();
  controlPlane = await startToldPreviews();
  const upstream = { port: await revision('the default') } as Parameters<typeof environmentOf>[0]['upstream'];
  const start = (role: 'edge' | 'jobs') =>
    startEnvoy(
      compileBootstrap({
        role,
        environment: { ...environmentOf({ upstream, authority }), previews: { controlPlane: controlPlane.url } },
      }),
      { folder },
    );
  edge = await start('edge');
  jobs = await start('jobs');
  closing.unshift(
    () => edge.close(),
    () => jobs.close(),
    () => controlPlane.close(),
    () => authority.close(),
  );
});

beforeEach(() => {
  bodies.length = 0;
});

afterAll(async () => {
  for (const close of closing) await close();
  for (const server of servers) server.close();
});

/** For what is to come: nobody waits so long for it unless the machine is busy. */
const patientMs = 30_000;
/** For what is not to come. */
const shortMs = 1_500;

/** A meeting at the edge, of a partner's preview. */
function meeting(limitMs: number) {
  const [proof] = proofsOf('partner');
  return untilMet({
    url: `http://127.0.0.1:${edge.ports['edge']}`,
    grpcPath: proof!.grpcPath,
    headers: async () => ({
      authorization: `Bearer ${await authority.token({ as: 'customer', claims: { kumiko_preview: { partner: 'pr-1' } } })}`,
    }),
    revision: 'partner-pr-1',
    limitMs,
    pauseMs: 20,
  });
}

const told = (port: number) => controlPlane.tell([{ service: 'partner', tag: 'pr-1', url: `http://127.0.0.1:${port}` }]);
const clusters = (expected: (page: string) => void) =>
  vi.waitFor(async () => expected(await adminPage(edge.adminPort, '/clusters')), { timeout: patientMs, interval: 20 });
/** Resolves when the gateway leads to what listens at this port, and to nothing of an earlier test. */
const listed = (port: number) => clusters((page) => expect(page).toContain(`partner@pr-1::127.0.0.1:${port}::`));
const forgotten = () => clusters((page) => expect(page).not.toContain('partner@pr-1::'));

test('a revision that answers through the gateway is met, by a request that no method does anything about', async () => {
  told(await revision('partner-pr-1'));
  await meeting(patientMs);
  expect(new Set(bodies.map((body) => body.toString('hex')))).toEqual(new Set(['000000000108']));
});

test('one that is listed and does not answer is not; what was seen last is told', async () => {
  // It takes connections, and says nothing.
  const port = await portOf(createSocketServer((socket) => socket.on('error', () => {}).resume()));
  told(port);
  await listed(port);
  const met = meeting(shortMs);
  await expect(met).rejects.toThrow(NotMet);
  await expect(met).rejects.toThrow(
    /^no request to http:.* has met the revision partner-pr-1 within 1\.5 s: the last one was answered by no revision \(DEADLINE_EXCEEDED: /,
  );
});

test('one that is listed and where nobody listens is not: what the gateway says by itself names no revision', async () => {
  const gone = createSocketServer();
  const port = await portOf(gone);
  gone.close();
  told(port);
  await listed(port);
  await expect(meeting(shortMs)).rejects.toThrow(/the last one was answered by no revision \(UNAVAILABLE: /);
});

test('where another revision answers it is named: the default, or what the tag stood for before', async () => {
  controlPlane.tell([]);
  await forgotten();
  await expect(meeting(shortMs)).rejects.toThrow('the last one was answered by the default (INVALID_ARGUMENT: )');
  const port = await revision('partner-pr-1-older');
  told(port);
  await listed(port);
  await expect(meeting(shortMs)).rejects.toThrow('the last one was answered by partner-pr-1-older (INVALID_ARGUMENT: )');
});

test('where there is no gateway, or no token, that is told', async () => {
  const closed = { url: 'http://127.0.0.1:1', grpcPath: '/a/b', revision: 'r', limitMs: shortMs, pauseMs: 20 };
  await expect(untilMet({ ...closed, headers: async () => ({}) })).rejects.toThrow('answered by no revision (UNAVAILABLE: ');
  const headers = async () => Promise.reject(new Error('the issuer is down'));
  await expect(untilMet({ ...closed, headers })).rejects.toThrow('there is no token: the issuer is down');
});

test('a token that cannot be sent is told of without its words', async () => {
  const headers = async () => ({ authorization: 'Bearer one\ntwo' });
  const met = untilMet({ url: 'http://127.0.0.1:1', grpcPath: '/a/b', headers, revision: 'r', limitMs: 0, pauseMs: 20 });
  await expect(met).rejects.toThrow('(the token has characters that no header may have)');
  await expect(met).rejects.not.toThrow(/one\n|two/);
});

test('a service behind the jobs gateway is met there too, by a trigger that says which preview', async () => {
  const proof = proofsOf('job').find(({ gateway }) => gateway === 'jobs')!;
  controlPlane.tell([{ service: 'job', tag: 'pr-1', url: `http://127.0.0.1:${await revision('job-pr-1')}` }]);
  await untilMet({
    url: `http://127.0.0.1:${jobs.ports['jobs']}`,
    grpcPath: proof.grpcPath,
    headers: async () => ({ authorization: `Bearer ${await authority.token({ as: 'subscription' })}`, [choiceHeader]: 'job=pr-1' }),
    revision: 'job-pr-1',
    limitMs: patientMs,
    pauseMs: 20,
  });
});

test('every service is proved at each gateway that leads to it, at the edge by the method that asks for the least', () => {
  const found = serviceNames.map((name) => [
    name,
    proofsOf(name).map((proof) => (proof.gateway === 'edge' ? proof.access : proof.trigger)),
  ]);
  expect(Object.fromEntries(found)).toEqual({
    customer: ['public'],
    job: ['operator', 'pubsub'],
    partner: ['public'],
    webhook: ['public'],
  });
});
