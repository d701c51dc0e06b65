import { once } from 'node:events';
import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PreviewCommandError } from './preview-command-error.ts';
import { proveEachThere, proveThere } from './prove-there.ts';

vi.setConfig({ testTimeout: 60_000 });

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
    const isTester = headers.authorization === 'Bearer token-for-{"partner":"pr-1"}';
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

/** For what is to come: nobody waits so long for it unless the machine is busy. */
const patientMs = 30_000;
/** For what is not to come. */
const shortMs = 1_000;

const common = (limitMs: number) => ({
  url: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`,
  tag: 'pr-1',
  limitMs,
  pauseMs: 10,
});

const prove = (tokenCommand: string | undefined, { service = 'partner', limitMs = patientMs } = {}) =>
  proveThere({ ...common(limitMs), service, revision: 'partner-pr-1-abc', tokenCommand });

const testers = 'printf "token-for-%s\\n" "$KUMIKO_PREVIEW"';

test("a tester's request is sent until it meets the revision", async () => {
  metFrom = 3;
  expect(await prove(testers)).toBeUndefined();
  expect(asked).toBe(4);
});

test('where none has met it in time, the command fails with what was seen last', async () => {
  metFrom = Number.POSITIVE_INFINITY;
  const proved = prove(testers, { limitMs: shortMs });
  await expect(proved).rejects.toThrow(PreviewCommandError);
  await expect(proved).rejects.toThrow('within 1 s: the last one was answered by partner-00001 (INVALID_ARGUMENT');
});

test('without a token nothing is asked, and nothing is said to be proved', async () => {
  expect(await prove(undefined)).toBe("there is no tester's token: --token-command says how to get one");
  expect(asked).toBe(0);
});

test('a service that only operators and triggers call cannot be proved from outside', async () => {
  expect(await prove(testers, { service: 'job' })).toContain("operators', and Google's tokens for people carry no claim of ours");
  expect(asked).toBe(0);
});

test.each([
  ['exit 3', '--token-command ends with 3'],
  ['true', '--token-command prints nothing'],
])('a token command that gives none is told as such: %s', async (command, message) => {
  await expect(prove(command)).rejects.toThrow(message);
  expect(asked).toBe(0);
});

test('what a token command prints is told nowhere where it is not one token in one line', async () => {
  const failed: unknown = await prove("printf 'first-token\\nsecond-token\\n'").catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(PreviewCommandError);
  expect(String(failed)).toContain('one in one line is expected');
  expect(String(failed)).not.toMatch(/first|second/);
  expect(asked).toBe(0);
});

test('a service that no request meets stops none of the others: each is told of, and the command fails in the end', async () => {
  const lines: string[] = [];
  const tell = (line: string) => void lines.push(line);
  // It gives no token for "customer", and for "webhook" one that meets the default.
  const tokenCommand = `case "$KUMIKO_PREVIEW" in *customer*) exit 3 ;; esac; ${testers}`;
  const services = ['customer', 'job', 'partner', 'webhook'];
  const proved = proveEachThere({ ...common(3_000), services, suffix: 'pr-1-abc', tokenCommand, tell });
  await expect(proved).rejects.toThrow(new PreviewCommandError('no request has met customer=pr-1, webhook=pr-1'));
  expect(lines).toEqual([
    'customer=pr-1 is customer-pr-1-abc; no request has met it: --token-command ends with 3',
    expect.stringContaining('job=pr-1 is job-pr-1-abc; that a request meets it is not proved: '),
    expect.stringMatching(/^partner=pr-1 is partner-pr-1-abc; a request to http:\S+ has met it$/),
    expect.stringMatching(/^webhook=pr-1 is webhook-pr-1-abc; no request has met it: .*: the last one was answered by partner-00001 \(/),
  ]);
});
