import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { LibraryService } from '../../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import { startTestIssuer } from '../../testing/test-issuer.ts';
import { clientFor, customerIssuer, project, testEnv } from '../../testing/test-service.ts';

const fixture = join(import.meta.dirname, '../../testing/fixture');

type Line = Record<string, unknown>;

interface ServiceProcess {
  readonly child: ChildProcess;
  readonly lines: Line[];
  readonly stderr: () => string;
  /** The first line with this message, whenever it comes; fails where the process ends first. */
  line(message: string): Promise<Line>;
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
}

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function startProcess(env: Record<string, string>): ServiceProcess {
  const child = spawn(process.execPath, [join(fixture, 'services/library/main.ts')], {
    env: { FIXTURE_KEY: 'hush', KUMIKO_PRODUCT: fixture, ...env },
  });
  children.push(child);
  const lines: Line[] = [];
  let stderr = '';
  child.stderr.on('data', (data) => (stderr += data));
  const reader = createInterface({ input: child.stdout });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  const waiting = new Map<string, (line: Line) => void>();
  reader.on('line', (text) => {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    waiting.get(String(line['message']))?.(line);
  });
  return {
    child,
    lines,
    stderr: () => stderr,
    line: async (message) => {
      const there = lines.find((line) => line['message'] === message);
      if (there !== undefined) return there;
      const comes = new Promise<Line>((resolve) => waiting.set(message, resolve));
      const lost = ended.then(({ code }): never => {
        throw new Error(`the process ended with code ${code} before it said "${message}": ${stderr}${JSON.stringify(lines.at(-1))}`);
      });
      return Promise.race([comes, lost]);
    },
    ended,
  };
}

test('a faulty environment ends the start with every fault, no value and no stack', async () => {
  const service = startProcess({
    ...testEnv('http://127.0.0.1:1/'),
    PORT: 'http',
    CUSTOMER_ISSUER: '',
    OPERATOR_EMAILS: 'not-an-address',
    FIXTURE_KEY: '',
  });
  expect(await service.ended).toEqual({ code: 1, signal: null });
  const faults = service.stderr().trim().split('\n');
  expect(faults[0]).toBe('library: the environment has 4 faults:');
  expect(faults.slice(1).map((fault) => fault.trim().split(' ')[0])).toEqual(['PORT', 'CUSTOMER_ISSUER', 'OPERATOR_EMAILS', 'FIXTURE_KEY']);
  expect(service.stderr()).not.toContain('not-an-address');
});

test('a taken port ends the start and is named', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const service = startProcess({ ...testEnv('http://127.0.0.1:1/'), PORT: String(port) });
  expect(await service.ended).toEqual({ code: 1, signal: null });
  expect(service.lines).toMatchObject([{ severity: 'CRITICAL', err: { message: expect.stringContaining(`127.0.0.1:${port}`) } }]);
  other.close();
});

test('a start that fails ends the process and is logged', async () => {
  const service = startProcess({ ...testEnv('http://127.0.0.1:1/'), FIXTURE_KEY: 'fail' });
  expect(await service.ended).toEqual({ code: 1, signal: null });
  expect(service.lines.at(-1)).toMatchObject({ severity: 'CRITICAL', err: { message: 'the fixture does not want to' } });
});

test('says that it listens whatever the log level', async () => {
  const service = startProcess({ ...testEnv('http://127.0.0.1:1/'), LOG_LEVEL: 'error' });
  expect(await service.line('listening')).toMatchObject({ severity: 'INFO', port: expect.any(Number) });
  service.child.kill('SIGTERM');
  await service.ended;
});

test('secrets do not reach the log', async () => {
  const service = startProcess(testEnv('http://127.0.0.1:1/'));
  expect(await service.line('configured')).toMatchObject({ config: { FIXTURE_KEY: '[redacted]' } });
  service.child.kill('SIGTERM');
  await service.ended;
});

test('SIGTERM lets calls finish, ends streams, closes and ends with code 0', async () => {
  const issuer = await startTestIssuer();
  const service = startProcess(testEnv(issuer.jwksUri));
  const { port } = await service.line('listening');
  const token = await issuer.sign({ iss: customerIssuer, aud: project, sub: 'alice' });
  const client = clientFor(LibraryService, `http://127.0.0.1:${port}`, 'edge-gateway', token);
  const stream = client.watchRoom({ name: 'rooms/g' })[Symbol.asyncIterator]();
  await stream.next();
  const answer = client.getBook({ name: 'books/slow' });
  await service.line('called');

  service.child.kill('SIGTERM');
  await expect(stream.next()).rejects.toMatchObject({ code: status.UNAVAILABLE, message: 'the server is shutting down' });
  await expect(answer).resolves.toMatchObject({ name: 'books/slow' });
  expect(await service.ended).toEqual({ code: 0, signal: null });
  const said = service.lines
    .map(({ message }) => message)
    .filter((message) => ['another listener', 'stream ended', 'closed'].includes(String(message)));
  expect(said).toEqual(['another listener', 'stream ended', 'closed']);
  client.close();
  await issuer.close();
});

test('the spans of the last calls are sent before the process ends', async () => {
  const bodies: Buffer[] = [];
  const collector: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks));
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const service = startProcess({ ...testEnv('http://127.0.0.1:1/'), OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  const { port } = await service.line('listening');
  const client = clientFor(LibraryService, `http://127.0.0.1:${port}`, 'edge-gateway');
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  await client.getBook({ name: 'books/a' }, { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } });
  client.close();
  service.child.kill('SIGTERM');
  expect(await service.ended).toEqual({ code: 0, signal: null });
  const sent = Buffer.concat(bodies);
  expect(sent.includes(Buffer.from(traceId, 'hex'))).toBe(true);
  expect(sent.includes('sample.library.v1.LibraryService/GetBook')).toBe(true);
  expect(service.lines.find(({ code }) => code === 'OK')).toMatchObject({
    'logging.googleapis.com/trace': `projects/${project}/traces/${traceId}`,
    'logging.googleapis.com/spanId': expect.not.stringContaining('b7ad6b7169203331'),
  });
  collector.closeAllConnections();
  collector.close();
});
