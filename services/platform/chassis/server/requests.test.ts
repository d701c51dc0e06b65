import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../contracts/client.ts';
import type { ClientError } from '../../contracts/client-error.ts';
import { BadRequestSchema, PreconditionFailureSchema, ResourceInfoSchema } from '../../contracts/gen/types/google/rpc/error_details_pb.js';
import { LibraryService } from '../../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import { startTestIssuer, type TestIssuer } from '../../testing/test-issuer.ts';
import { clientFor, customerIssuer, project, startTestService, type TestService, testEnv } from '../../testing/test-service.ts';
import { requireEtag } from '../api/etag.ts';
import { failedPrecondition, notFound } from '../errors/rpc-error.ts';
import type { Handlers } from './call.ts';

type Requests = { readonly updateProfile: string[]; readonly openRoom: string[] };

let issuer: TestIssuer;
let service: TestService;
let client: Client<typeof LibraryService>;
let returnLoan: Handlers<typeof LibraryService>['returnLoan'];
/** The etag, or the request id, of each request that reached its handler. */
let seen: Requests;

beforeAll(async () => {
  issuer = await startTestIssuer();
  service = await startTestService({
    env: testEnv(issuer.jwksUri),
    library: {
      updateProfile: async ({ profile }) => {
        seen.updateProfile.push(profile?.etag ?? '');
        return {};
      },
      openRoom: async ({ requestId }) => {
        seen.openRoom.push(requestId);
        return {};
      },
      returnLoan: (request, call) => returnLoan(request, call),
      getProfile: async () => ({}),
    },
  });
  const token = await issuer.sign({ iss: customerIssuer, aud: project, sub: 'alice' });
  client = clientFor(LibraryService, service.url, 'edge-gateway', token);
});

beforeEach(() => {
  seen = { updateProfile: [], openRoom: [] };
  returnLoan = async () => ({});
});

afterAll(async () => {
  client.close();
  await Promise.all([service.stop(), issuer.close()]);
});

const loan = { name: 'loans/a' };

describe('If-Match', () => {
  const update = (etag: string, header: string) =>
    client.updateProfile({ profile: { displayName: 'A', etag } }, { headers: { 'if-match': header } });

  test.each([
    ['', '"a"', '"a"'],
    ['"a"', '"a"', '"a"'],
    ['', '*', ''],
    ['"a"', '*', '"a"'],
  ])('beside the etag "%s", %s is the etag "%s"', async (etag, header, expected) => {
    await update(etag, header);
    expect(seen.updateProfile).toEqual([expected]);
  });

  test.each([
    ['a', 'if-match'],
    ['W/"a"', 'if-match'],
    ['"a", "b"', 'if-match'],
    ['"a', 'if-match'],
    [`"${'a'.repeat(63)}"`, 'if-match'],
    ['"b"', 'profile.etag'],
  ])('%s is refused, and nothing is changed', async (header, field) => {
    const fault = { code: status.INVALID_ARGUMENT, fieldViolations: [{ field }] };
    await expect(update('"a"', header)).rejects.toMatchObject(fault);
    expect(seen.updateProfile).toEqual([]);
  });

  test('is refused where no etag is checked, and means nothing to what changes nothing', async () => {
    const headers = { 'if-match': '"a"' };
    await expect(client.returnLoan(loan, { headers })).rejects.toMatchObject({ fieldViolations: [{ field: 'if-match' }] });
    await expect(client.getProfile({}, { headers })).resolves.toBeDefined();
  });
});

describe('a request id', () => {
  const open = (requestId: string, headers = {}) => client.openRoom({ book: 'books/a', requestId }, { headers });
  const own = '8c6a1c1e-1111-4111-8111-000000000001';
  const gateways = '8c6a1c1e-2222-4222-8222-000000000002';

  test("that is left out is the gateway's own, which is the same with each attempt", async () => {
    for (const _ of [1, 2]) await open('', { 'x-request-id': gateways });
    await open(own, { 'x-request-id': gateways });
    expect(seen.openRoom).toEqual([gateways, gateways, own]);
  });

  test('is made where there is none, another one each time', async () => {
    await open('');
    await open('', { 'x-request-id': 'nonsense' });
    expect(new Set(seen.openRoom).size).toBe(2);
    for (const id of seen.openRoom) expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('the details of an error', () => {
  async function detailsOf(error: Error) {
    returnLoan = async () => {
      throw error;
    };
    const { details } = (await client.returnLoan(loan).catch((thrown) => thrown)) as ClientError;
    const [, ...others] = details;
    return others;
  }

  test('name the resource that is missing, by its type', async () => {
    const [detail] = await detailsOf(notFound('loans/a'));
    expect(anyUnpack(detail!, ResourceInfoSchema)).toMatchObject({
      resourceType: 'sample.example/Loan',
      resourceName: 'loans/a',
      description: 'loans/a not found',
    });
  });

  test('name what has changed', async () => {
    const mismatch = await detailsOf(thrownBy(() => requireEtag('"x"', 'rooms/g', 1n)));
    expect(anyUnpack(mismatch[0]!, ResourceInfoSchema)).toMatchObject({
      resourceType: 'sample.example/Room',
      resourceName: 'rooms/g',
    });
  });

  test('name the state that keeps a request from being done', async () => {
    const [detail] = await detailsOf(failedPrecondition('EVENT_REFUSED', 'it was shipped', { resource: 'loans/a' }));
    expect(anyUnpack(detail!, PreconditionFailureSchema)?.violations).toMatchObject([
      { type: 'EVENT_REFUSED', subject: 'loans/a', description: 'it was shipped' },
    ]);
  });

  test('say for programs which rule a field breaks', async () => {
    const error: ClientError = await client.openRoom({ book: 'x', requestId: 'y' }).catch((thrown) => thrown);
    const badRequest = error.details.map((detail) => anyUnpack(detail, BadRequestSchema)).find(Boolean);
    expect(badRequest?.fieldViolations.map(({ field, reason }) => [field, reason])).toEqual([
      ['book', 'STRING_PATTERN'],
      ['request_id', 'STRING_UUID'],
    ]);
  });
});

function thrownBy(work: () => void): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
