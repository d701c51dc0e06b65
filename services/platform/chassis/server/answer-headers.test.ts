import { once } from 'node:events';
import { credentials, Client as GrpcClient, Metadata, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Principal } from '../../contracts/identities.ts';
import { startTestIssuer, type TestIssuer } from '../../testing/test-issuer.ts';
import { platformHeader, startTestService, type TestService, testEnv } from '../../testing/test-service.ts';

let issuer: TestIssuer;
let service: TestService;
let grpc: GrpcClient;

beforeAll(async () => {
  issuer = await startTestIssuer();
  service = await startTestService({
    env: { ...testEnv(issuer.jwksUri), K_REVISION: 'library-00007-abc' },
    library: { getBook: async ({ name }) => ({ name }) },
  });
  grpc = new GrpcClient(new URL(service.url).host, credentials.createInsecure());
});

afterAll(async () => {
  grpc.close();
  await Promise.all([service.stop(), issuer.close()]);
});

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const raw = (bytes: Buffer) => bytes;
const metadata = (headers: Record<string, string>, principal?: Principal) => {
  const all = new Metadata();
  if (principal !== undefined) all.set('x-serverless-authorization', platformHeader(principal));
  for (const [name, value] of Object.entries(headers)) all.set(name, value);
  return all;
};

test('the headers of an answer have its trace', async () => {
  const { promise, resolve } = Promise.withResolvers<Metadata>();
  const path = '/sample.library.v1.LibraryService/GetBook';
  // GetBookRequest { name: "books/a" }
  const request = Buffer.from('0a07626f6f6b732f61', 'hex');
  grpc.makeUnaryRequest(path, raw, raw, request, metadata({ traceparent }, 'edge-gateway'), () => {}).on('metadata', resolve);
  expect((await promise).get('traceparent')).toEqual([traceparent]);
});

test('they have it beside the details where the call fails before it has answered anything', async () => {
  for (const path of ['GetBook', 'WatchRoom']) {
    const stream = grpc.makeServerStreamRequest(
      `/sample.library.v1.LibraryService/${path}`,
      raw,
      raw,
      Buffer.of(0xff),
      metadata({ traceparent }, 'edge-gateway'),
    );
    const error = await once(stream, 'error').then(([thrown]) => thrown as ServiceError);
    expect(error.metadata.get('traceparent'), path).toEqual([traceparent]);
    expect(error.metadata.get('grpc-status-details-bin'), path).toHaveLength(1);
  }
});

test('they have none where nobody traces', async () => {
  const stream = grpc.makeServerStreamRequest(
    '/sample.library.v1.LibraryService/GetBook',
    raw,
    raw,
    Buffer.of(0xff),
    metadata({}, 'edge-gateway'),
  );
  const error = await once(stream, 'error').then(([thrown]) => thrown as ServiceError);
  expect(error.metadata.get('traceparent')).toEqual([]);
});

/** What a call that fails has beside its status. */
async function refusal(path: string, headers: Metadata): Promise<Metadata> {
  const stream = grpc.makeServerStreamRequest(`/sample.library.v1.LibraryService/${path}`, raw, raw, Buffer.of(0xff), headers);
  return once(stream, 'error').then(([thrown]) => (thrown as ServiceError).metadata);
}

test('whoever asks for a preview is told which revision has answered, and which has refused, for whatever reason', async () => {
  const preview = { 'x-kumiko-preview': 'library=pr-1' };
  const refused: Readonly<Record<string, Promise<Metadata>>> = {
    'not through the platform': refusal('OpenRoom', metadata(preview)),
    'without a token': refusal('OpenRoom', metadata(preview, 'edge-gateway')),
    'with a token at fault': refusal('OpenRoom', metadata({ ...preview, authorization: 'Bearer x' }, 'edge-gateway')),
    'not for services': refusal('OpenRoom', metadata(preview, 'desk')),
    'no message': refusal('GetBook', metadata(preview, 'edge-gateway')),
  };
  for (const [why, answer] of Object.entries(refused)) {
    expect((await answer).get('x-kumiko-revision'), why).toEqual(['library-00007-abc']);
  }
  expect((await refusal('OpenRoom', metadata({}, 'edge-gateway'))).get('x-kumiko-revision')).toEqual([]);
});
