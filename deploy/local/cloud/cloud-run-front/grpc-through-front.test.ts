import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { createRemoteJWKSet } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../shared/local-server.ts';
import { oneInstance } from '../instances/test-pool.ts';
import { type Issuer, startIssuer } from '../issuer/issuer.ts';
import { type CloudRunFront, startCloudRunFront } from './cloud-run-front.ts';

const audience = 'https://customer.kumiko-local.kumiko.internal';
const bytes = (value: Buffer) => value;
const codec = { requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes };
const echo = { path: '/test.Echo/Echo', requestStream: false, responseStream: false, ...codec };
const chat = { path: '/test.Echo/Chat', requestStream: true, responseStream: true, ...codec };

let stateDir: string;
let issuer: Issuer;
let server: grpc.Server;
let front: CloudRunFront;
let client: grpc.Client;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-front-'));
  issuer = await startIssuer({ port: 0, stateDir, project: 'kumiko-local', clock: systemClock });
  server = new grpc.Server();
  server.addService(
    { echo, chat },
    {
      echo: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
        if (call.request.length > 0) done(null, call.request);
        else done({ code: grpc.status.NOT_FOUND, details: 'nothing here' });
      },
      chat: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
        call.on('data', (message: Buffer) => call.write(message));
        call.on('end', () => call.end());
      },
    },
  );
  const targetPort = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port))),
  );
  front = await startCloudRunFront({
    port: 0,
    audience,
    allowedEmails: ['gateway@kumiko.example'],
    keys: createRemoteJWKSet(new URL(`http://127.0.0.1:${issuer.port}/google/jwks.json`)),
    clock: systemClock,
    backend: oneInstance(targetPort),
    timeoutMs: 60_000,
  });
  client = new grpc.Client(`127.0.0.1:${front.port}`, grpc.credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await front.close();
  server.forceShutdown();
  await issuer.close();
  rmSync(stateDir, { recursive: true });
});

async function as(email: string): Promise<grpc.Metadata> {
  const metadata = new grpc.Metadata();
  metadata.set('x-serverless-authorization', `Bearer ${await issuer.mintIdToken(email, audience)}`);
  return metadata;
}

function call(message: Buffer, metadata: grpc.Metadata): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(echo.path, bytes, bytes, message, metadata, (error, answer) => (error ? reject(error) : resolve(answer!)));
  });
}

test('unary calls of any size, errors and streams pass', async () => {
  const metadata = await as('gateway@kumiko.example');
  expect((await call(Buffer.from('hello'), metadata)).toString()).toBe('hello');
  expect((await call(Buffer.alloc(3 << 20, 7), metadata)).length).toBe(3 << 20);
  await expect(call(Buffer.alloc(0), metadata)).rejects.toMatchObject({ code: grpc.status.NOT_FOUND, details: 'nothing here' });
  const stream = client.makeBidiStreamRequest(chat.path, bytes, bytes, metadata);
  const answers: string[] = [];
  for (let message = 0; message < 100; message++) stream.write(Buffer.from(String(message)));
  stream.end();
  for await (const answer of stream) answers.push(String(answer));
  expect(answers).toEqual(Array.from({ length: 100 }, (_, message) => String(message)));
});

test('gRPC clients read refusals as UNAUTHENTICATED and PERMISSION_DENIED', async () => {
  const message = Buffer.from('hello');
  await expect(call(message, new grpc.Metadata())).rejects.toMatchObject({ code: grpc.status.UNAUTHENTICATED });
  await expect(call(message, await as('other@kumiko.example'))).rejects.toMatchObject({ code: grpc.status.PERMISSION_DENIED });
});
