import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Client, createClient } from '../../contracts/client.ts';
import { LibraryService } from '../../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import { startTestIssuer, type TestIssuer } from '../../testing/test-issuer.ts';
import {
  clientFor,
  customerIssuer,
  platformHeader,
  project,
  startTestService,
  type TestService,
  testEnv,
} from '../../testing/test-service.ts';
import { failedPrecondition, type RpcError, unavailable } from '../errors/rpc-error.ts';
import type { Call, Handlers } from './call.ts';

type LibraryHandlers = Handlers<typeof LibraryService>;

let issuer: TestIssuer;
let service: TestService;
let client: Client<typeof LibraryService>;
let getBook: LibraryHandlers['getBook'];
let watchRoom: LibraryHandlers['watchRoom'];

beforeAll(async () => {
  issuer = await startTestIssuer();
  service = await startTestService({
    env: testEnv(issuer.jwksUri),
    library: {
      getBook: (request, call) => getBook(request, call),
      watchRoom: (request, call) => watchRoom(request, call),
      openRoom: async () => ({}),
      updateProfile: async () => ({}),
    },
  });
  const token = await issuer.sign({ iss: customerIssuer, aud: project, sub: 'alice' });
  client = clientFor(LibraryService, service.url, 'edge-gateway', token);
});

beforeEach(() => {
  getBook = async ({ name }) => ({ name });
});

afterAll(async () => {
  client.close();
  await Promise.all([service.stop(), issuer.close()]);
});

const lastLine = () => service.lines().at(-1)!;
const book = { name: 'books/a' };

/** A handler that waits until its signal aborts. */
function untilAborted(): { handler: LibraryHandlers['getBook']; called: Promise<Call>; aborted: Promise<unknown> } {
  const { promise: called, resolve } = Promise.withResolvers<Call>();
  const aborted = called.then(({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason))));
  const handler = async (_: unknown, call: Call) => {
    resolve(call);
    await aborted;
    throw new Error('given up');
  };
  return { handler, called, aborted };
}

describe('requests', () => {
  test('reach the handler as messages and are answered', async () => {
    await expect(client.getBook(book)).resolves.toMatchObject({ name: 'books/a', $typeName: 'sample.library.v1.Book' });
  });

  test('that break rules are refused with every field at fault, by its name in the proto', async () => {
    await expect(client.openRoom({ book: 'x', quantity: 11, requestId: 'y' })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: 'INVALID_ARGUMENT',
      fieldViolations: [{ field: 'book' }, { field: 'quantity' }, { field: 'request_id' }],
    });
  });

  test('that are larger than their method takes are refused, whatever another method of the service takes', async () => {
    await expect(client.getBook({ name: 'x'.repeat(1_048_577) })).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      reason: 'REQUEST_TOO_LARGE',
    });
  });

  test('that are no messages are the caller’s fault, and the server goes on', async () => {
    const { Client: GrpcClient, credentials, Metadata } = await import('@grpc/grpc-js');
    const raw = new GrpcClient(`127.0.0.1:${service.port}`, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('x-serverless-authorization', platformHeader('edge-gateway'));
    const same = (bytes: Buffer) => bytes;
    const error = await new Promise((resolve) =>
      raw.makeUnaryRequest('/sample.library.v1.LibraryService/GetBook', same, same, Buffer.from('ff01', 'hex'), metadata, resolve),
    );
    raw.close();
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
    await client.getBook(book);
  });

  test('without the right to call are not even read', async () => {
    const stranger = createClient(LibraryService, { url: service.url });
    await expect(stranger.getBook({ name: 'not a book' })).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    stranger.close();
  });

  test('that come before the handlers are there wait for them', async () => {
    const { promise: before, resolve } = Promise.withResolvers<void>();
    const early = await startTestService({
      env: testEnv(issuer.jwksUri),
      before,
      library: { getBook: async () => ({ name: 'books/early' }) },
    });
    const earlyClient = clientFor(LibraryService, early.url, 'edge-gateway');
    const answer = earlyClient.getBook(book);
    resolve();
    await expect(answer).resolves.toMatchObject({ name: 'books/early' });
    earlyClient.close();
    await early.stop();
  });
});

describe('errors', () => {
  test('of ours reach the caller with reason and metadata', async () => {
    getBook = async () => {
      throw failedPrecondition('EVENT_REFUSED', 'the room is full', { room: 'rooms/g' });
    };
    await expect(client.getBook(book)).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      message: 'the room is full',
      reason: 'EVENT_REFUSED',
      metadata: { room: 'rooms/g' },
    });
    expect(lastLine()).toMatchObject({ severity: 'INFO', code: 'FAILED_PRECONDITION' });
  });

  test('that nobody expected tell the caller nothing and the log everything', async () => {
    getBook = async () => {
      throw new Error('password of the database');
    };
    await expect(client.getBook(book)).rejects.toMatchObject({ code: status.INTERNAL, message: 'internal error', reason: 'INTERNAL' });
    const [failure, call] = service.lines().slice(-2);
    expect(failure).toMatchObject({
      severity: 'ERROR',
      err: { message: 'password of the database', stack: expect.stringContaining('calls.test') },
    });
    expect(call).toMatchObject({ severity: 'ERROR', code: 'INTERNAL' });
  });

  test('that say that they pass are UNAVAILABLE, without their text', async () => {
    getBook = async () => {
      throw Object.assign(new Error('address of the database'), { transient: true });
    };
    const answer = client.getBook(book);
    await expect(answer).rejects.toMatchObject({ code: status.UNAVAILABLE, reason: 'UNAVAILABLE' });
    await expect(answer).rejects.not.toMatchObject({ message: expect.stringContaining('database') });
    expect(service.lines().at(-2)).toMatchObject({ severity: 'WARNING', err: { message: 'address of the database' } });
  });

  test('in a response are internal errors too', async () => {
    getBook = async () => ({ available: 2n ** 70n });
    await expect(client.getBook(book)).rejects.toMatchObject({ code: status.INTERNAL, message: 'internal error' });
    expect(lastLine()).toMatchObject({ code: 'INTERNAL' });
  });

  test('keep their cause for the log', async () => {
    getBook = async () => {
      throw unavailable('the provider cannot be reached', new Error('ECONNREFUSED'));
    };
    await expect(client.getBook(book)).rejects.toMatchObject({ code: status.UNAVAILABLE, message: 'the provider cannot be reached' });
    expect(service.lines().at(-2)).toMatchObject({ severity: 'WARNING', err: { message: 'ECONNREFUSED' } });
  });

  test('with half a character or endless text still arrive', async () => {
    getBook = async () => {
      throw failedPrecondition('EVENT_REFUSED', `\ud800${'x'.repeat(100_000)}`, { text: 'y'.repeat(100_000) });
    };
    await expect(client.getBook(book)).rejects.toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'EVENT_REFUSED' });
  });
});

describe('deadlines', () => {
  test('of the client hold, and the handler is told', async () => {
    const { handler, aborted } = untilAborted();
    getBook = handler;
    await expect(client.getBook(book, { deadline: new Date(Date.now() + 1_000) })).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
    // The client, whose clock started first, may go away just before the server's own timer fires.
    expect([status.DEADLINE_EXCEEDED, status.CANCELLED]).toContain(((await aborted) as RpcError).code);
  });

  test('of the method hold where the client has none that is earlier', async () => {
    let deadline: Date | undefined;
    getBook = async (_, call) => {
      deadline = call.deadline;
      return {};
    };
    const before = Date.now();
    await client.getBook(book, { deadline: new Date(before + 3_600_000) });
    expect(deadline!.getTime()).toBeGreaterThanOrEqual(before + 5_000);
    expect(deadline!.getTime()).toBeLessThanOrEqual(Date.now() + 5_000);
  });

  test('a client that goes away aborts the handler', async () => {
    const { handler, called, aborted } = untilAborted();
    getBook = handler;
    const leaving = new AbortController();
    const answer = client.getBook(book, { signal: leaving.signal });
    void called.then(() => leaving.abort());
    await expect(answer).rejects.toMatchObject({ code: status.CANCELLED });
    await expect(aborted).resolves.toMatchObject({ code: status.CANCELLED });
  });
});

describe('work after the response', () => {
  test('is done before the response is sent', async () => {
    const done: string[] = [];
    getBook = async (_, call) => {
      call.afterResponse(async () => {
        await new Promise((resolve) => setImmediate(resolve));
        done.push('published');
      });
      return {};
    };
    await client.getBook(book);
    expect(done).toEqual(['published']);
  });

  test('does not fail the call when it fails', async () => {
    getBook = async (_, call) => {
      call.afterResponse(async () => {
        throw new Error('Pub/Sub is down');
      });
      call.afterResponse(() => {
        throw new Error('at once');
      });
      return { name: 'books/kept' };
    };
    await expect(client.getBook(book)).resolves.toMatchObject({ name: 'books/kept' });
    expect(service.lines().slice(-3, -1)).toMatchObject([{ severity: 'WARNING' }, { severity: 'WARNING' }]);
  });

  test('is done after a failure as well', async () => {
    const done: string[] = [];
    getBook = async (_, call) => {
      call.afterResponse(async () => void done.push('published'));
      throw unavailable('the provider cannot be reached');
    };
    await expect(client.getBook(book)).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(done).toEqual(['published']);
  });

  test('that takes too long costs no answer', async () => {
    getBook = async (_, call) => {
      call.afterResponse(() => new Promise(() => {}));
      return { name: 'books/kept' };
    };
    // The method's own deadline ends the work: the client waits for longer than its answer may be on its way.
    await expect(client.getBook(book, { deadline: new Date(Date.now() + 60_000) })).resolves.toMatchObject({ name: 'books/kept' });
  });
});

describe('streams', () => {
  const room = { name: 'rooms/g' };

  test('send each message and end', async () => {
    watchRoom = async function* () {
      yield { resumeToken: '1' };
      yield { resumeToken: '2' };
    };
    const received = await Array.fromAsync(client.watchRoom(room));
    expect(received.map(({ resumeToken }) => resumeToken)).toEqual(['1', '2']);
  });

  test('fail with what the handler throws', async () => {
    watchRoom = async function* () {
      yield { resumeToken: '1' };
      throw failedPrecondition('EVENT_REFUSED', 'the room is gone');
    };
    await expect(Array.fromAsync(client.watchRoom(room))).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'EVENT_REFUSED',
    });
  });

  test('carry more than fits into the buffers on the way', async () => {
    const large = 'x'.repeat(50_000);
    watchRoom = async function* () {
      for (let n = 0; n < 100; n++) yield { resumeToken: large };
    };
    expect(await Array.fromAsync(client.watchRoom(room))).toHaveLength(100);
  });

  test('stop the handler when the client stops reading', async () => {
    const { promise: stopped, resolve } = Promise.withResolvers<string>();
    watchRoom = async function* (_, call) {
      try {
        yield { resumeToken: '1' };
        await new Promise((resolve) => call.signal.addEventListener('abort', resolve));
      } finally {
        resolve('stopped');
      }
    };
    for await (const { resumeToken } of client.watchRoom(room)) {
      expect(resumeToken).toBe('1');
      break;
    }
    await expect(stopped).resolves.toBe('stopped');
  });
});

describe('the log', () => {
  test('has one line for each call, in the shape of Cloud Logging and joined with the trace', async () => {
    const before = service.lines().length;
    await client.getBook(book, { headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' } });
    expect(service.lines().slice(before)).toEqual([
      {
        severity: 'INFO',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        service: 'library',
        message: 'GetBook OK',
        method: 'sample.library.v1.LibraryService/GetBook',
        code: 'OK',
        durationMs: expect.any(Number),
        callerKind: 'public',
        'logging.googleapis.com/trace': `projects/${project}/traces/0af7651916cd43dd8448eb211c80319c`,
        'logging.googleapis.com/spanId': 'b7ad6b7169203331',
        'logging.googleapis.com/trace_sampled': true,
      },
    ]);
  });

  test('stays JSON whatever a caller is called', async () => {
    const sub = 'a"b\\c\n{"severity":"ERROR"}';
    const strange = clientFor(LibraryService, service.url, 'edge-gateway', await issuer.sign({ iss: customerIssuer, aud: project, sub }));
    await expect(strange.openRoom({ book: 'x' })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    strange.close();
    expect(lastLine()).toMatchObject({ severity: 'INFO', code: 'INVALID_ARGUMENT', callerKind: 'customer', callerId: sub });
  });

  test('is joined with the trace by the handlers’ own lines too', async () => {
    getBook = async (_, call) => {
      call.logger.info({ book: 'books/a' }, 'looked up');
      return {};
    };
    await client.getBook(book, { headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00' } });
    expect(service.lines().at(-2)).toMatchObject({
      message: 'looked up',
      method: 'sample.library.v1.LibraryService/GetBook',
      'logging.googleapis.com/trace': `projects/${project}/traces/0af7651916cd43dd8448eb211c80319c`,
      'logging.googleapis.com/trace_sampled': false,
    });
  });

  test('is joined with the trace of the older header where only that came', async () => {
    await client.getBook(book, { headers: { 'x-cloud-trace-context': '0af7651916cd43dd8448eb211c80319c/255;o=1' } });
    expect(service.lines().at(-1)).toMatchObject({
      'logging.googleapis.com/trace': `projects/${project}/traces/0af7651916cd43dd8448eb211c80319c`,
      'logging.googleapis.com/trace_sampled': true,
    });
  });
});
