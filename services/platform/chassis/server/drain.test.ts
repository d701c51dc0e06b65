import { credentials, Client as GrpcClient, type ServiceError, status } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LibraryService } from '../../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import { startTestIssuer, type TestIssuer } from '../../testing/test-issuer.ts';
import { clientFor, startTestService, testEnv } from '../../testing/test-service.ts';

let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await startTestIssuer();
});
afterAll(() => issuer.close());

const { Check: check, Watch: watch } = healthService;

function health(port: number) {
  const client = new GrpcClient(`127.0.0.1:${port}`, credentials.createInsecure());
  return {
    client,
    check: (service: string) =>
      new Promise<{ status: string } | ServiceError>((resolve) =>
        client.makeUnaryRequest(check!.path, check!.requestSerialize, check!.responseDeserialize, { service }, (error, response) =>
          resolve(error ?? (response as { status: string })),
        ),
      ),
    watch: (service: string) =>
      client.makeServerStreamRequest(watch!.path, watch!.requestSerialize, watch!.responseDeserialize, { service }),
  };
}

test('health is told without a token, for the server and for each service, and is not logged', async () => {
  const service = await startTestService({ env: testEnv(issuer.jwksUri) });
  const before = service.lines().length;
  const { client, check } = health(service.port);
  await expect(check('')).resolves.toMatchObject({ status: 'SERVING' });
  await expect(check('sample.library.v1.LibraryInternalService')).resolves.toMatchObject({ status: 'SERVING' });
  await expect(check('sample.desk.v1.DeskService')).resolves.toMatchObject({ code: status.NOT_FOUND });
  expect(service.lines()).toHaveLength(before);
  client.close();
  await service.stop();
});

test('draining turns health to NOT_SERVING, lets the open call finish and closes afterwards', async () => {
  const { promise: called, resolve: call } = Promise.withResolvers<void>();
  const { promise: finish, resolve } = Promise.withResolvers<void>();
  const order: string[] = [];
  const service = await startTestService({
    env: testEnv(issuer.jwksUri),
    library: {
      getBook: async () => {
        call();
        await finish;
        order.push('answered');
        return {};
      },
    },
    close: async () => void order.push('closed'),
  });
  const watcher = health(service.port);
  const statuses = watcher.watch('')[Symbol.asyncIterator]();
  expect((await statuses.next()).value).toMatchObject({ status: 'SERVING' });
  const client = clientFor(LibraryService, service.url, 'edge-gateway');
  const answer = client.getBook({ name: 'books/a' });
  await called;

  const stopped = service.stop();
  expect((await statuses.next()).value).toMatchObject({ status: 'NOT_SERVING' });
  const late = clientFor(LibraryService, service.url, 'edge-gateway');
  await expect(late.getBook({ name: 'books/a' })).rejects.toMatchObject({ code: status.UNAVAILABLE });
  resolve();
  await answer;
  await stopped;
  expect(order).toEqual(['answered', 'closed']);
  client.close();
  late.close();
  watcher.client.close();
});

test('reflection is there only where the environment asks for it', async () => {
  const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
  const listServices = Buffer.from([0x3a, 0x00]);
  const same = (bytes: Buffer) => bytes;
  const ask = async (env: Record<string, string>) => {
    const service = await startTestService({ env });
    const client = new GrpcClient(`127.0.0.1:${service.port}`, credentials.createInsecure());
    const stream = client.makeBidiStreamRequest(path, same, same);
    stream.write(listServices);
    stream.end();
    const answer = await Array.fromAsync(stream).catch((error: ServiceError) => error.code);
    client.close();
    await service.stop();
    return answer;
  };
  expect(await ask(testEnv(issuer.jwksUri))).toBe(status.UNIMPLEMENTED);
  const answer = await ask({ ...testEnv(issuer.jwksUri), REFLECTION: 'true' });
  expect(Buffer.concat(answer as Buffer[]).includes('sample.library.v1.LibraryService')).toBe(true);
});
