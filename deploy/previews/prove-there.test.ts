import { once } from 'node:events';
import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PreviewCommandError } from './preview-command-error.ts';
import { proveThere } from './prove-there.ts';

// In the place of an environment a gateway that leads one tester to a preview, after some requests, and everybody else to the default.
let gateway: Http2Server;
let asked: number;
let metFrom: number;

beforeEach(async () => {
  asked = 0;
  metFrom = 0;
  gateway = createServer();
  gateway.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    asked += 1;
    const isTester = headers.authorization === 'Bearer token for {"partner":"pr-1"}';
    const revision = isTester && asked > metFrom ? 'partner-pr-1-abc' : 'partner-00001';
    stream.resume();
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '3', 'x-kumiko-revision': revision },
      { endStream: true },
    );
  });
  gateway.listen(0, '127.0.0.1');
  await once(gateway, 'listening');
});
afterEach(() => void gateway.close());

const prove = (tokenCommand: string | undefined, service = 'partner') =>
  proveThere({
    url: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`,
    service,
    tag: 'pr-1',
    revision: 'partner-pr-1-abc',
    tokenCommand,
    limitMs: 1_000,
    pauseMs: 10,
  });

const testers = 'printf "token for %s" "$KUMIKO_PREVIEW"';

test("a tester's request is sent until it meets the revision", async () => {
  metFrom = 3;
  expect(await prove(testers)).toBeUndefined();
  expect(asked).toBe(4);
});

test('where none has met it in time, the command fails with what was seen last', async () => {
  metFrom = Number.POSITIVE_INFINITY;
  const proved = prove(testers);
  await expect(proved).rejects.toThrow(PreviewCommandError);
  await expect(proved).rejects.toThrow('within 1 s: the last one was answered by partner-00001 (INVALID_ARGUMENT');
});

test('without a token nothing is asked, and nothing is said to be proved', async () => {
  expect(await prove(undefined)).toBe("there is no tester's token: --token-command says how to get one");
  expect(asked).toBe(0);
});

test('a service that only operators and triggers call cannot be proved from outside', async () => {
  expect(await prove(testers, 'job')).toContain("operators', and Google's tokens for people carry no claim of ours");
  expect(asked).toBe(0);
});

test.each([
  ['exit 3', '--token-command ends with 3'],
  ['true', '--token-command prints nothing'],
])('a token command that gives none is told as such: %s', async (command, message) => {
  await expect(prove(command)).rejects.toThrow(message);
  expect(asked).toBe(0);
});
