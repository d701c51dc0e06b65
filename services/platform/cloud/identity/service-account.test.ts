import { globSync, readFileSync } from 'node:fs';
import { createServer, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CloudTasksClient } from '@google-cloud/tasks';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { serviceAccount } from './service-account.ts';

/** A certificate that gRPC trusts, which reads where its roots are when it is loaded. */
const tls = await vi.hoisted(async () => {
  const { execFileSync } = await import('node:child_process');
  const { mkdtempSync, readFileSync, rmSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const directory = mkdtempSync(join(tmpdir(), 'service-account-'));
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync('openssl', ['req', '-x509', '-nodes', '-days', '1', ...curve, ...names, '-keyout', key, '-out', certificate], {
    stdio: 'ignore',
  });
  process.env['GRPC_DEFAULT_SSL_ROOTS_FILE_PATH'] = certificate;
  return { key: readFileSync(key), certificate: readFileSync(certificate), remove: () => rmSync(directory, { recursive: true }) };
});

const bytes = (value: Buffer) => value;
const queue = 'projects/p/locations/l/queues/q';

let metadata: HttpServer;
let tasks: Server;
let client: CloudTasksClient;
let port: number;
/** What the metadata server does with a question. */
let answer: (response: ServerResponse) => void;
/** What calls came with. */
const seen: unknown[] = [];

const give = (token: string, seconds: number) => (response: ServerResponse) => {
  response.writeHead(200, { 'metadata-flavor': 'Google', 'content-type': 'application/json' });
  response.end(JSON.stringify({ access_token: token, expires_in: seconds, token_type: 'Bearer' }));
};
const silence = (): void => {};
const down = (response: ServerResponse) => void response.socket?.destroy();

beforeAll(async () => {
  metadata = createServer((_, response) => answer(response));
  await new Promise<void>((resolve) => metadata.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('GCE_METADATA_HOST', `127.0.0.1:${(metadata.address() as AddressInfo).port}`);
  // As on Cloud Run, where Google's library waits for the metadata server without a limit.
  vi.stubEnv('K_SERVICE', 'job');
  tasks = new Server();
  const path = '/google.cloud.tasks.v2.CloudTasks/GetQueue';
  const codec = { requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes };
  tasks.addService(
    { getQueue: { path, requestStream: false, responseStream: false, ...codec } },
    {
      getQueue: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
        seen.push(call.metadata.get('authorization')[0]);
        done(null, Buffer.alloc(0));
      },
    },
  );
  const secure = ServerCredentials.createSsl(null, [{ private_key: tls.key, cert_chain: tls.certificate }]);
  port = await new Promise<number>((resolve, reject) =>
    tasks.bindAsync('127.0.0.1:0', secure, (error, bound) => (error ? reject(error) : resolve(bound))),
  );
});

beforeEach(async () => {
  seen.length = 0;
  await client?.close();
  client = new CloudTasksClient({ projectId: 'p', apiEndpoint: 'localhost', port, authClient: await serviceAccount({ limitMs: 3_000 }) });
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await client.close();
  tasks.forceShutdown();
  metadata.closeAllConnections();
  metadata.close();
  tls.remove();
});

test.each([
  ['does not answer', silence],
  ['is down', down],
])("a Google client's calls go on with the token that holds while the metadata server %s", async (_, outage) => {
  answer = give('one', 200);
  await client.getQueue({ name: queue });
  answer = outage;
  await client.getQueue({ name: queue });
  await client.getQueue({ name: queue });
  expect(seen).toEqual(['Bearer one', 'Bearer one', 'Bearer one']);
});

test('a Google client gets over an answer of the metadata server that never came', async () => {
  answer = silence;
  await expect(client.getQueue({ name: queue })).rejects.toThrow('the metadata server gave no token');
  answer = give('two', 3_600);
  await client.getQueue({ name: queue });
  expect(seen).toEqual(['Bearer two']);
});

test('every Google client of the services has it, but where there is no TLS and no account', () => {
  const folder = join(import.meta.dirname, '..');
  const sources = globSync('**/*.ts', { cwd: folder }).filter((name) => !name.endsWith('.test.ts'));
  const made = sources.flatMap((name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    return [...text.matchAll(/new (?:v1\.)?(?:PubSub|\w+Client)\(\{.*\}\)|createSpannerClient\(.*\);/g)].map(
      ([code]) => `${name}: ${code}`,
    );
  });
  const without = made.filter((code) => !/authClient: await serviceAccount\(\)|createInsecure\(\)|, await serviceAccount\(\)\)/.test(code));
  expect(made.length).toBeGreaterThan(5);
  // A migration is run by a deployment, as whoever that is.
  expect(without).toEqual(['spanner/migrate.ts: createSpannerClient(project);']);
});
