import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../contracts/client.ts';
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

let issuer: TestIssuer;
let service: TestService;
let client: Client<typeof LibraryService>;

beforeAll(async () => {
  issuer = await startTestIssuer();
  service = await startTestService({
    env: testEnv(issuer.jwksUri),
    library: {
      getProfile: async (_, { caller }) => ({ name: caller.kind === 'customer' ? caller.id : '' }),
      updateProfile: async ({ profile }) => profile ?? {},
    },
  });
  client = clientFor(LibraryService, service.url, 'edge-gateway', await tokenOf('alice'));
});

afterAll(async () => {
  client?.close();
  await Promise.all([service?.stop(), issuer?.close()]);
});

const tokenOf = (sub: string) => issuer.sign({ iss: customerIssuer, aud: project, sub });

describe('a text of a request', () => {
  test('with U+0000 is refused with its field, and no handler is asked', async () => {
    const before = service.lines().length;
    await expect(client.updateProfile({ profile: { displayName: 'a\0b' } })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: 'INVALID_ARGUMENT',
      fieldViolations: [{ field: 'profile.display_name' }],
    });
    expect(service.lines().slice(before)).toMatchObject([{ severity: 'INFO', code: 'INVALID_ARGUMENT' }]);
  });

  test('of any other characters comes back unchanged', async () => {
    const texts = [
      '\ufffe\uffff',
      '\u{1fffe}',
      '\ufeffbom',
      '\u0001\u001f\u007f\u0080\u009f',
      '\u202eabc',
      '😀',
      `e${'\u0301'.repeat(90)}`,
    ];
    for (const displayName of texts) expect((await client.updateProfile({ profile: { displayName } })).displayName).toBe(displayName);
  });

  test.each([
    ['a byte that is none of UTF-8', 'ff'],
    ['half a surrogate pair', 'eda080'],
    ['U+0000 in two bytes', 'c080'],
    ['a character beyond the last', 'f4908080'],
    ['a character that is cut', 'e298'],
  ])('is refused where it is no UTF-8: %s', async (_, hex) => {
    const text = Buffer.from(hex, 'hex');
    const profile = Buffer.concat([Buffer.from([0x12, text.length]), text]);
    const request = Buffer.concat([Buffer.from([0x0a, profile.length]), profile]);
    expect(await call('UpdateProfile', request)).toMatchObject({ code: status.INVALID_ARGUMENT });
  });
});

describe('the subject of a token', () => {
  test.each([
    ['has U+0000', 'ali\0ce'],
    ['has half a surrogate pair', 'ali\ud800ce'],
    ['is empty', ''],
    ['is too long', 'a'.repeat(256)],
    ['is no text', 7 as unknown as string],
  ])('is nobody where it %s', async (_, sub) => {
    const stranger = clientFor(LibraryService, service.url, 'edge-gateway', await tokenOf(sub));
    await expect(stranger.getProfile({})).rejects.toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_INVALID' });
    stranger.close();
  });

  test.each(['アリス', '\ufffe', 'a'.repeat(255), 'auth0|5f7c8ec7c33c6c004bbafe82'])('is known as it is: %s', async (sub) => {
    const known = clientFor(LibraryService, service.url, 'edge-gateway', await tokenOf(sub));
    expect((await known.getProfile({})).name).toBe(sub);
    known.close();
  });
});

/** Sends bytes of a client's own. */
async function call(method: string, request: Buffer): Promise<unknown> {
  const { Client: GrpcClient, credentials, Metadata } = await import('@grpc/grpc-js');
  const raw = new GrpcClient(`127.0.0.1:${service.port}`, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('x-serverless-authorization', platformHeader('edge-gateway'));
  metadata.set('authorization', `Bearer ${await tokenOf('alice')}`);
  const same = (bytes: Buffer) => bytes;
  return new Promise((resolve) => {
    raw.makeUnaryRequest(`/sample.library.v1.LibraryService/${method}`, same, same, request, metadata, (error, answer) => {
      raw.close();
      resolve(error ?? answer);
    });
  });
}
