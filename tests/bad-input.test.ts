import { createHmac, randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { secretOf } from '../deploy/local/platform/secrets.ts';
import { createClient } from '../services/platform/contracts/client.ts';
import { CustomerService } from '../services/platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { PartnerService } from '../services/platform/contracts/gen/types/kumiko/partner/v1/partner_pb.js';
import { Access } from '../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { listMethods } from '../services/platform/contracts/methods.ts';
import { usePlatform } from './test-platform.ts';

/** What only services may call, of the platform's own too. */
const internalMethods = listMethods().filter(({ policy }) => policy?.access === Access.SERVICE);

const test = usePlatform();

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the assertions say what is in there.
  readonly json: any;
}

async function rest(
  method: string,
  path: string,
  options: { token?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(`${test.platform.endpoints.edge}${path}`, {
    method,
    headers: {
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: options.body }),
  });
  const text = await response.text();
  const json = /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, text, json };
}

async function mint(request: object): Promise<string> {
  const response = await fetch(`${test.platform.endpoints.issuer}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  return ((await response.json()) as { token: string }).token;
}

const customer = (name = 'alice') => devToken(test.platform.endpoints, 'customer', name);

function forged(token: string): string {
  const [header, payload, signature = ''] = token.split('.');
  return `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
}

async function nativeCode(token: string | undefined): Promise<{ code: number; message: string }> {
  const client = createClient(CustomerService, {
    url: test.platform.endpoints.edge,
    headers: async () => (token === undefined ? {} : { authorization: `Bearer ${token}` }),
  });
  try {
    await client.listOrders({});
    return { code: 0, message: '' };
  } catch (error) {
    const { code, message } = error as { code: number; message: string };
    return { code, message };
  } finally {
    client.close();
  }
}

function reasonOf(answer: Answer): string | undefined {
  return answer.json?.details?.find((detail: Record<string, string>) => detail['@type']?.endsWith('ErrorInfo'))?.reason;
}

async function readyCustomer(name: string): Promise<string> {
  const token = await customer(name);
  const address = { regionCode: 'JP', postalCode: '600-8216', addressLines: ['1-2 Shiokoji-cho'] };
  const answer = await rest('PATCH', '/v1/profile', { token, body: JSON.stringify({ shippingAddress: address }) });
  expect(answer.status).toBe(200);
  return token;
}

async function anyDeal(): Promise<string> {
  return (await rest('GET', '/v1/deals')).json.deals[0].name;
}

describe('tokens', () => {
  it.each([
    ['missing', async () => undefined, 401, 'Jwt is missing', status.UNAUTHENTICATED],
    ['forged', async () => forged(await customer()), 401, 'Jwt verification fails', status.UNAUTHENTICATED],
    ['expired', () => mint({ kind: 'customer', subject: 'alice', ttl_seconds: -600 }), 401, 'Jwt is expired', status.UNAUTHENTICATED],
    [
      'for another audience',
      () => mint({ kind: 'customer', subject: 'alice', audience: 'somebody-else' }),
      403,
      'Audiences in Jwt are not allowed',
      status.PERMISSION_DENIED,
    ],
  ])('a %s token is refused as Envoy words it, over REST and native gRPC', async (_kind, token, httpStatus, words, code) => {
    const given = await token();
    const answer = await rest('GET', '/v1/orders', given === undefined ? {} : { token: given });
    expect(answer.status).toBe(httpStatus);
    expect(answer.text).toContain(words);
    expect(await nativeCode(given)).toMatchObject({ code, message: expect.stringContaining(words) });
  });

  it("a partner's token does not open a customer's method", async () => {
    const token = await devToken(test.platform.endpoints, 'partner', 'acme');
    const answer = await rest('GET', '/v1/orders', { token });
    expect([401, 403]).toContain(answer.status);
  });

  it("a trigger's token is of no use at the edge", async () => {
    const token = await devToken(test.platform.endpoints, 'trigger', 'scheduler');
    expect((await rest('POST', '/v1/schedules/relay-outbox', { token, body: '{}' })).status).toBeGreaterThanOrEqual(401);
  });

  it('headers that only the platform may set are of no use to a client', async () => {
    const spoofed = await mint({ kind: 'service', subject: 'customer', as: 'job' });
    for (const { grpcPath } of internalMethods) {
      const answer = await rest('POST', grpcPath, {
        headers: { 'x-serverless-authorization': `Bearer ${spoofed}`, 'content-type': 'application/grpc' },
        body: '',
      });
      expect(answer.headers.get('grpc-status') ?? String(answer.status), grpcPath).toMatch(/^(16|401)$/);
    }
  });
});

describe('paths', () => {
  it('an unknown path is 401 without a token and 404 with one', async () => {
    expect((await rest('GET', '/v1/nothing')).status).toBe(401);
    expect((await rest('GET', '/v1/nothing', { token: await customer() })).status).toBe(404);
  });

  it('internal methods are unknown at the edge', async () => {
    const token = await customer();
    expect(internalMethods.length).toBeGreaterThan(5);
    for (const { grpcPath } of internalMethods) expect((await rest('POST', grpcPath, { token, body: '{}' })).status, grpcPath).toBe(404);
  });
});

describe('bodies', () => {
  it('JSON that does not parse is 400', async () => {
    expect((await rest('PATCH', '/v1/profile', { token: await customer(), body: '{"displayName": ' })).status).toBe(400);
  });

  it('a violated rule is 400 and names the field', async () => {
    const answer = await rest('POST', '/v1/groups', {
      token: await customer(),
      body: JSON.stringify({ deal: 'deals/x', requestId: 'no-uuid' }),
    });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.json.details)).toContain('request_id');
  });

  it('an unknown JSON field is ignored', async () => {
    const answer = await rest('PATCH', '/v1/profile', { token: await customer(), body: '{"displayName": "Alice", "shoeSize": 38}' });
    expect(answer.status).toBe(200);
    expect(answer.json.displayName).toBe('Alice');
  });

  it('an oversized body is 413', async () => {
    const body = JSON.stringify({ displayName: 'x'.repeat(12 * 1024 * 1024) });
    expect((await rest('PATCH', '/v1/profile', { token: await customer(), body })).status).toBe(413);
  });
});

describe('resources', () => {
  it('an unknown deal is 404', async () => {
    expect((await rest('GET', '/v1/deals/none')).status).toBe(404);
  });

  it("another customer's order answers like a missing one", async () => {
    const owner = await readyCustomer('owner');
    const { order } = (
      await rest('POST', '/v1/groups', { token: owner, body: JSON.stringify({ deal: await anyDeal(), requestId: randomUUID() }) })
    ).json;
    expect((await rest('GET', `/v1/${order.name}`, { token: owner })).status).toBe(200);
    const others = await rest('GET', `/v1/${order.name}`, { token: await customer('mallory') });
    const missing = await rest('GET', '/v1/orders/none', { token: await customer('mallory') });
    expect(others.status).toBe(404);
    expect(others.text.replaceAll(order.name, 'X')).toBe(missing.text.replaceAll('orders/none', 'X'));
    const cancel = await rest('POST', `/v1/${order.name}:cancel`, { token: await customer('mallory'), body: '{}' });
    expect(cancel.status).toBe(404);
  });

  it('a full group is 400 with its reason in ErrorInfo', async () => {
    const [first, second, third] = await Promise.all(['full-1', 'full-2', 'full-3'].map(readyCustomer));
    const deals = (await rest('GET', '/v1/deals')).json.deals as { name: string; groupSize: number }[];
    const deal = deals.find(({ groupSize }) => groupSize === 2)!;
    const { group } = (
      await rest('POST', '/v1/groups', { token: first!, body: JSON.stringify({ deal: deal.name, requestId: randomUUID() }) })
    ).json;
    const join = (token: string) => rest('POST', `/v1/${group.name}:join`, { token, body: JSON.stringify({ requestId: randomUUID() }) });
    expect((await join(second!)).status).toBe(200);
    const refused = await join(third!);
    expect(refused.status).toBe(400);
    expect(reasonOf(refused)).toBe('GROUP_FULL');
  });

  it('an expired group is 400 with its reason in ErrorInfo', async () => {
    const token = await devToken(test.platform.endpoints, 'partner', 'acme');
    const client = createClient(PartnerService, {
      url: test.platform.endpoints.edge,
      headers: async () => ({ authorization: `Bearer ${token}` }),
    });
    const { name } = await client.createDeal({
      deal: {
        title: 'Brief',
        price: { currencyCode: 'JPY', units: 100n },
        groupSize: 2,
        groupLifetime: { seconds: 1n },
        stock: 9n,
        sku: 'BRIEF',
      },
      requestId: randomUUID(),
    });
    await client.publishDeal({ name });
    client.close();
    const [opener, joiner] = await Promise.all(['late-1', 'late-2'].map(readyCustomer));
    await expect.poll(async () => (await rest('GET', `/v1/${name}`)).status).toBe(200);
    const { group } = (await rest('POST', '/v1/groups', { token: opener!, body: JSON.stringify({ deal: name, requestId: randomUUID() }) }))
      .json;
    const state = async () => (await rest('GET', `/v1/${group.name}`, { token: joiner! })).json.state;
    await expect.poll(state).toBe('STATE_EXPIRED');
    const refused = await rest('POST', `/v1/${group.name}:join`, { token: joiner!, body: JSON.stringify({ requestId: randomUUID() }) });
    expect(refused.status).toBe(400);
    expect(reasonOf(refused)).toBe('GROUP_EXPIRED');
  });
});

describe('webhooks', () => {
  const body = JSON.stringify({ id: `evt_${randomUUID()}`, type: 'payment.authorized', data: {} });
  const sign = (secret: string, seconds: number) =>
    `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
  const send = (signature: string | undefined) =>
    rest('POST', '/v1/webhooks/payments/yamapay', {
      body,
      ...(signature === undefined ? {} : { headers: { 'yamapay-signature': signature } }),
    });
  const now = () => Math.floor(Date.now() / 1000);

  it('without or with a wrong signature it is 401', async () => {
    expect((await send(undefined)).status).toBe(401);
    expect((await send(sign('a guess at the secret', now()))).status).toBe(401);
  });

  it('with an old timestamp it is 401, though the signature is right', async () => {
    const paymentWebhookSecret = secretOf(test.platform.secrets, 'payment-webhook');
    expect((await send(sign(paymentWebhookSecret, now() - 3600))).status).toBe(401);
    expect((await send(sign(paymentWebhookSecret, now()))).status).toBe(200);
  });

  it('of an unknown provider it is 404', async () => {
    expect((await rest('POST', '/v1/webhooks/payments/nobody', { body })).status).toBe(404);
  });
});
