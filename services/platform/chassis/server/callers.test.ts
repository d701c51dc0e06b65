import { status } from '@grpc/grpc-js';
import { UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../contracts/client.ts';
import { MaintenanceService } from '../../contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { audienceOf, type Principal, serviceAccountEmail } from '../../contracts/identities.ts';
import { DeskService } from '../../testing/fixture/gen/types/sample/desk/v1/desk_pb.js';
import { LibraryService } from '../../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import { startTestIssuer, type TestIssuer } from '../../testing/test-issuer.ts';
import {
  clientFor,
  customerIssuer,
  googleIssuer,
  partnerIssuer,
  platformHeader,
  project,
  startTestService,
  type TestService,
  testEnv,
} from '../../testing/test-service.ts';
import type { Caller } from './call.ts';

let issuer: TestIssuer;
let stranger: TestIssuer;
let service: TestService;
let jobs: TestService;
let seen: Caller | undefined;

beforeAll(async () => {
  issuer = await startTestIssuer();
  stranger = await startTestIssuer();
  service = await startTestService({
    env: testEnv(issuer.jwksUri),
    library: {
      getBook: async (_, { caller }) => {
        seen = caller;
        return {};
      },
      getProfile: async (_, { caller }) => {
        seen = caller;
        return {};
      },
    },
    maintenance: {
      relayOutbox: async (_, { caller }) => {
        seen = caller;
        return {};
      },
    },
  });
  jobs = await startTestService({
    name: 'desk',
    env: testEnv(issuer.jwksUri),
    desk: {
      relayOutbox: async (_, { caller }) => {
        seen = caller;
        return {};
      },
    },
  });
});

afterAll(async () => {
  await Promise.all([service.stop(), jobs.stop(), issuer.close(), stranger.close()]);
});

const customerClaims = { iss: customerIssuer, aud: project, sub: 'alice' };
const partnerClaims = { iss: partnerIssuer, aud: audienceOf('edge', project), sub: 'acme' };
const operatorClaims = {
  iss: googleIssuer,
  aud: audienceOf('edge', project),
  sub: '1',
  email: 'operator@kumiko.example',
  email_verified: true,
};
const triggerClaims = (workload: Principal, aud = audienceOf('jobs', project)) => ({
  iss: googleIssuer,
  aud,
  sub: '2',
  email: serviceAccountEmail(workload, project),
  email_verified: true,
});

async function getProfile(token: string | undefined, workload: Principal = 'edge-gateway') {
  const client = clientFor(LibraryService, service.url, workload, token);
  return client.getProfile({}).finally(() => client.close());
}

async function getBook(headers: Record<string, string>) {
  const client = createClient(LibraryService, { url: service.url });
  return client.getBook({ name: 'books/a' }, { headers }).finally(() => client.close());
}

async function relayJobs(token: string | undefined, workload: Principal = 'jobs-gateway') {
  const client = clientFor(DeskService, jobs.url, workload, token);
  return client.relayOutbox({}).finally(() => client.close());
}

describe('the platform', () => {
  test.each([
    ['no token', {}],
    ['a token whose signature was not removed', { 'x-serverless-authorization': platformHeader('edge-gateway').replace(/[^.]+$/, 'c2ln') }],
    ['a token of an account that is none of ours', { 'x-serverless-authorization': platformHeader('stranger' as Principal) }],
    ['text', { 'x-serverless-authorization': 'Bearer x.y.SIGNATURE_REMOVED_BY_GOOGLE' }],
    ['null for claims', { 'x-serverless-authorization': 'Bearer x.bnVsbA.SIGNATURE_REMOVED_BY_GOOGLE' }],
  ])('is not passed with %s', async (_, headers) => {
    await expect(getBook(headers as Record<string, string>)).rejects.toMatchObject({
      code: status.UNAUTHENTICATED,
      reason: 'CALLER_UNKNOWN',
    });
  });
});

describe('a public method', () => {
  test('is open through the edge gateway, whatever is in Authorization', async () => {
    await getBook({ 'x-serverless-authorization': platformHeader('edge-gateway') });
    await getBook({ 'x-serverless-authorization': platformHeader('edge-gateway'), authorization: 'Basic abc' });
    expect(seen).toEqual({ kind: 'public' });
  });

  test.each<Principal>(['desk', 'library'])('is closed to the service %s', async (workload) => {
    await expect(getBook({ 'x-serverless-authorization': platformHeader(workload) })).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
    });
  });
});

describe("a customers' method", () => {
  test('is told the customer that the token is for', async () => {
    await getProfile(await issuer.sign(customerClaims));
    expect(seen).toEqual({ kind: 'customer', id: 'alice' });
  });

  test('asks for a token', async () => {
    await expect(getProfile(undefined)).rejects.toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_MISSING' });
  });

  test.each([
    ['a partner', partnerClaims],
    ['an operator', operatorClaims],
    ['a Google account that is no operator', { ...operatorClaims, email: 'else@kumiko.example' }],
    ['an operator whose address is not verified', { ...operatorClaims, email_verified: false }],
  ])('denies %s', async (_, claims) => {
    await expect(getProfile(await issuer.sign(claims))).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
  });

  test.each([
    ['another audience', { ...customerClaims, aud: 'else' }],
    ["another issuer's name", { ...customerClaims, iss: 'https://else.example' }],
    ["a partner's issuer and a customer's audience", { ...customerClaims, iss: partnerIssuer }],
    ['no subject', { ...customerClaims, sub: undefined as never }],
    ['no expiry', { ...customerClaims, exp: undefined as never }],
    ['a beginning in the future', { ...customerClaims, nbf: Math.floor(Date.now() / 1_000) + 600 }],
  ])('refuses a token with %s', async (_, claims) => {
    await expect(getProfile(await issuer.sign(claims))).rejects.toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_INVALID' });
  });

  test('refuses an expired token and says so', async () => {
    const exp = Math.floor(Date.now() / 1_000) - 61;
    await expect(getProfile(await issuer.sign({ ...customerClaims, exp }))).rejects.toMatchObject({ reason: 'TOKEN_EXPIRED' });
  });

  test("bears a minute between the clocks' times", async () => {
    const exp = Math.floor(Date.now() / 1_000) - 30;
    await getProfile(await issuer.sign({ ...customerClaims, exp }));
  });

  test.each([
    ['forged', () => stranger.sign(customerClaims)],
    ['unsigned', async () => new UnsecuredJWT(customerClaims).setExpirationTime('1h').encode()],
    ['not a token', async () => 'abc'],
  ])('refuses one that is %s', async (_, token) => {
    await expect(getProfile(await token())).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  });

  test('reads the keys once for many tokens', async () => {
    const reads = issuer.reads();
    for (const sub of ['a', 'b', 'c']) await getProfile(await issuer.sign({ ...customerClaims, sub }));
    expect(issuer.reads()).toBe(reads);
  });

  test('is closed to jobs and services', async () => {
    await expect(getProfile(await issuer.sign(triggerClaims('tasks')), 'jobs-gateway')).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
    });
    await expect(getProfile(await issuer.sign(customerClaims), 'desk')).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
  });
});

test('an issuer whose keys cannot be read is an outage, not a bad token', async () => {
  const gone = await startTestIssuer();
  const token = await gone.sign(customerClaims);
  await gone.close();
  const alone = await startTestService({ env: testEnv(gone.jwksUri), library: { getProfile: async () => ({}) } });
  const client = clientFor(LibraryService, alone.url, 'edge-gateway', token);
  await expect(client.getProfile({})).rejects.toMatchObject({ code: status.UNAVAILABLE });
  client.close();
  await alone.stop();
});

describe("a scheduler's method", () => {
  test('is open to the account of its kind of trigger', async () => {
    await relayJobs(await issuer.sign(triggerClaims('scheduler')));
    expect(seen).toEqual({ kind: 'trigger', email: serviceAccountEmail('scheduler', project) });
  });

  test.each<Principal>(['tasks', 'pubsub', 'edge-gateway'])('denies the account %s', async (workload) => {
    await expect(relayJobs(await issuer.sign(triggerClaims(workload)))).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
  });

  test('refuses a token for the edge, and one that comes through the edge', async () => {
    const forEdge = await issuer.sign(triggerClaims('scheduler', audienceOf('edge', project)));
    await expect(relayJobs(forEdge)).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    await expect(relayJobs(forEdge, 'edge-gateway')).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
    await expect(relayJobs(undefined)).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  });
});

describe('an internal method', () => {
  const relay = (workload: Principal) => {
    const client = clientFor(MaintenanceService, service.url, workload);
    return client.relayOutbox({ limit: 1 }).finally(() => client.close());
  };

  test('is open to the services that its option names', async () => {
    await relay('desk');
    expect(seen).toEqual({ kind: 'service', name: 'desk' });
  });

  test.each<Principal>(['library'])('is closed to the service %s', async (workload) => {
    await expect(relay(workload)).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
  });

  test.each<Principal>(['edge-gateway', 'jobs-gateway'])('is closed to the %s', async (workload) => {
    await expect(relay(workload)).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  });
});

test('logs say who called by kind and opaque id, never by address or token', async () => {
  const token = await issuer.sign(operatorClaims);
  await expect(getProfile(token)).rejects.toThrow();
  const log = JSON.stringify(service.lines());
  expect(service.lines().at(-1)).toMatchObject({ callerKind: 'operator', callerId: expect.stringMatching(/^[0-9a-f]{12}$/) });
  expect(log).not.toContain('@');
  expect(log).not.toContain(token.slice(0, 30));
});
