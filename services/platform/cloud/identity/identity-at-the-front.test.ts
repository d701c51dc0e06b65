import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { createLocalJWKSet } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type CloudRunFront, startCloudRunFront } from '../../../../deploy/local/cloud/cloud-run-front/cloud-run-front.ts';
import { oneInstance } from '../../../../deploy/local/cloud/instances/test-pool.ts';
import { type Issuer, startIssuer } from '../../../../deploy/local/cloud/issuer/issuer.ts';
import { startMetadataServer } from '../../../../deploy/local/cloud/metadata-server/metadata-server.ts';
import type { LocalServer } from '../../../../deploy/local/shared/local-server.ts';
import { type Client, createClient } from '../../contracts/client.ts';
import { serviceDefinition } from '../../contracts/definitions.ts';
import {
  type Book,
  BookSchema,
  type GetBookRequest,
  LibraryService,
  type WatchRoomRequest,
  type WatchRoomResponse,
  WatchRoomResponseSchema,
} from '../../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import { createIdTokens } from './identity.ts';

const audience = 'https://customer.kumiko-test.kumiko.internal';
const email = 'kumiko-job@kumiko-test.iam.gserviceaccount.com';
const hour = 3_600_000;

/** The machine's time of everything here. */
let nowMs = Date.UTC(2026, 0, 1);
const clock = { now: () => nowMs, schedule: () => () => {} };
let minted = 0;
let isDown = false;

let stateDir: string;
let issuer: Issuer;
let metadata: LocalServer;
let server: Server;
let front: CloudRunFront;
let client: Client<typeof LibraryService>;
/** Sends the next message of the stream that is open. */
let tellMore: () => void;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-identity-'));
  issuer = await startIssuer({ port: 0, stateDir, project: 'kumiko-test', clock });
  const mintIdToken = (who: string, whom: string) => {
    minted += 1;
    return issuer.mintIdToken(who, whom);
  };
  metadata = await startMetadataServer({ port: 0, project: 'kumiko-test', email, clock, mintIdToken, isDown: () => isDown });
  vi.stubEnv('GCE_METADATA_HOST', `127.0.0.1:${metadata.port}`);
  server = new Server();
  const implementation: UntypedServiceImplementation = {
    GetBook: ({ request }: ServerUnaryCall<GetBookRequest, Book>, done: sendUnaryData<Book>) =>
      done(null, create(BookSchema, { name: request.name })),
    WatchRoom: (stream: ServerWritableStream<WatchRoomRequest, WatchRoomResponse>) => {
      tellMore = () => stream.write(create(WatchRoomResponseSchema, {}));
      tellMore();
    },
  };
  server.addService(serviceDefinition(LibraryService), implementation);
  const targetPort = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port))),
  );
  const keys = createLocalJWKSet(issuer.jwks('google'));
  front = await startCloudRunFront({
    port: 0,
    audience,
    allowedEmails: [email],
    keys,
    clock,
    backend: oneInstance(targetPort),
    timeoutMs: 60_000,
  });
});

beforeEach(() => {
  isDown = false;
  // A day later: what was minted for the test before has long expired.
  nowMs += 24 * hour;
  minted = 0;
  client?.close();
  const idTokens = createIdTokens({ machineNow: clock.now });
  const headers = async () => ({ 'x-serverless-authorization': await idTokens.header(audience) });
  client = createClient(LibraryService, { url: `http://127.0.0.1:${front.port}`, headers });
});

afterAll(async () => {
  vi.unstubAllEnvs();
  client.close();
  await front.close();
  server.forceShutdown();
  await metadata.close();
  await issuer.close();
  rmSync(stateDir, { recursive: true });
});

const call = () => client.getBook({ name: 'books/d' }).then(({ name }) => name);

test('calls that begin together seconds before the token ends are let in, with one new token', async () => {
  await call();
  nowMs += hour - 2_000;
  expect(new Set(await Promise.all(Array.from({ length: 50 }, call)))).toEqual(new Set(['books/d']));
  expect(minted).toBe(2);
  // The old one is over now.
  nowMs += 3_000;
  expect(await call()).toBe('books/d');
});

test('calls are let in to the last second while the metadata server is down, and again when it is back', async () => {
  await call();
  isDown = true;
  nowMs += hour - 2_000;
  expect(await call()).toBe('books/d');
  nowMs += 2_000;
  await expect(call()).rejects.toThrow('Could not fetch ID token');
  isDown = false;
  expect(await call()).toBe('books/d');
  expect(minted).toBe(2);
});

test('a stream that was let in goes on after its token has expired', async () => {
  const stream = client.watchRoom({ name: 'rooms/g' });
  await stream[Symbol.asyncIterator]().next();
  nowMs += 2 * hour;
  tellMore();
  expect((await stream[Symbol.asyncIterator]().next()).done).toBe(false);
  expect(minted).toBe(1);
  await (stream as AsyncGenerator).return(undefined);
});
