import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterAll, describe, expect, it } from 'vitest';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { operatorEmail } from '../deploy/local/platform/place.ts';
import { secretOf } from '../deploy/local/platform/secrets.ts';
import { createClient } from '../services/platform/contracts/client.ts';
import { CustomerService } from '../services/platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { EventSchema } from '../services/platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { usePlatform } from './test-platform.ts';

// What callers, providers and partners get wrong, through the gateways. Each answers with what is at fault, and nothing is lost.
const stage = usePlatform();

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the assertions say what is in there.
  readonly json: any;
}

const tokens: Record<string, () => Promise<string>> = {
  customer: () => devToken(stage.platform.endpoints, 'customer', 'alice'),
  partner: () => devToken(stage.platform.endpoints, 'partner', 'acme'),
  operator: () => devToken(stage.platform.endpoints, 'operator', operatorEmail),
  trigger: () => devToken(stage.platform.endpoints, 'trigger', 'pubsub'),
};

/** Calls a gateway with a body as it is. Without a kind of caller there is no token. */
async function send(
  method: string,
  path: string,
  options: { as?: string | undefined; body?: string; headers?: Record<string, string>; gateway?: 'edge' | 'jobs' } = {},
): Promise<Answer> {
  const { as, body, headers, gateway = 'edge' } = options;
  const response = await fetch(`${stage.platform.endpoints[gateway]}${path}`, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(as !== undefined && { authorization: `Bearer ${await tokens[as]!()}` }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  return { status: response.status, json: text.startsWith('{') ? JSON.parse(text) : text };
}

const fieldsOf = ({ json }: Answer): string[] =>
  (json.details ?? []).flatMap(({ fieldViolations = [] }: { fieldViolations?: { field: string }[] }) =>
    fieldViolations.map(({ field }) => field),
  );

/** Lines of a service's log, by severity. */
function logged(service: string, severity: string): Record<string, unknown>[] {
  return readFileSync(join(stage.stateDir, 'logs', `${service}.log`), 'utf8')
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []))
    .filter((line) => line['severity'] === severity);
}

describe('a text that the database cannot hold', () => {
  const deal = { title: 'Lamp', price: { currencyCode: 'JPY', units: '100' }, groupSize: 2, stock: '9', sku: 'LAMP' };
  const address = { regionCode: 'JP', postalCode: '1', addressLines: ['1-2-3', 'a\0'] };

  it.each<[string, string, string, string, object, string]>([
    ['a field', 'customer', 'PATCH', '/v1/profile', { displayName: 'a\0b' }, 'profile.display_name'],
    ['an element', 'customer', 'PATCH', '/v1/profile', { shippingAddress: address }, 'profile.shipping_address.address_lines[1]'],
    ['a deal', 'partner', 'POST', `/v1/partner/deals?request_id=${randomUUID()}`, { ...deal, sku: '\0' }, 'deal.sku'],
    ['a partner', 'operator', 'POST', '/v1/operator/partners?partner_id=nul', { displayName: 'a\0' }, 'partner.display_name'],
    [
      'a Struct',
      'operator',
      'POST',
      '/v1/operator/partners/acme/keys',
      { publicKey: { kty: 'EC', x: 'a\0' } },
      'key.public_key.fields["x"].string_value',
    ],
    ['a push', 'trigger', 'POST', '/v1/events', { message: { attributes: { a: '\0' } } }, 'message.attributes["a"]'],
  ])('is refused with its field: in %s', async (_, as, method, path, body, field) => {
    const answer = await send(method, path, { as, body: JSON.stringify(body), gateway: as === 'trigger' ? 'jobs' : 'edge' });
    expect([answer.status, fieldsOf(answer)]).toEqual([400, [field]]);
  });

  it.each([
    ['a path', '/v1/deals/a%00b', undefined],
    ['a query', '/v1/deals?page_token=a%00b', undefined],
    ['a page token', `/v1/orders?page_token=${token({ time: '2026-01-01T00:00:00.000Z', id: 'a\0' })}`, 'customer'],
    ['the time of a page token', `/v1/orders?page_token=${token({ time: '+012026-01-01T00:00:00.000Z', id: 'a' })}`, 'customer'],
  ])('is refused in %s', async (_, path, as) => {
    expect((await send('GET', path, { as })).status).toBe(400);
  });

  it('is refused where half a character is written as JSON, and where a token names somebody so', async () => {
    expect((await send('PATCH', '/v1/profile', { as: 'customer', body: '{"displayName":"\\ud800"}' })).status).toBe(400);
    for (const subject of ['a\0b', '\ud800']) {
      const bearer = await devToken(stage.platform.endpoints, 'customer', subject);
      expect((await send('GET', '/v1/profile', { headers: { authorization: `Bearer ${bearer}` } })).status).toBe(401);
    }
  });

  it('is none of any other characters: those come back as they are', async () => {
    for (const displayName of ['\ufffe\uffff', '\u{1fffe}', '😀', 'e\u0301\u0301', '\u0001\u007f']) {
      const answer = await send('PATCH', '/v1/profile', { as: 'customer', body: JSON.stringify({ displayName }) });
      expect([answer.status, answer.json.displayName]).toEqual([200, displayName]);
      expect((await send('GET', '/v1/profile', { as: 'customer' })).json.displayName).toBe(displayName);
    }
  });

  it('is refused in native gRPC too, where it is no UTF-8', async () => {
    const bearer = await tokens['customer']!();
    const client = createClient(CustomerService, {
      url: stage.platform.endpoints.edge,
      headers: async () => ({ authorization: `Bearer ${bearer}` }),
    });
    await expect(client.updateProfile({ profile: { displayName: 'a\0' } })).rejects.toMatchObject({
      code: 3,
      fieldViolations: [{ field: 'profile.display_name' }],
    });
    client.close();
  });

  afterAll(() => {
    // Whoever called is at fault: no operator is woken.
    for (const service of ['customer', 'partner', 'job']) expect(logged(service, 'ERROR')).toEqual([]);
  });

  function token(position: object): string {
    return Buffer.from(JSON.stringify(position)).toString('base64url');
  }
});

describe('a price that nobody can pay', () => {
  it.each([
    [{ currencyCode: 'JPY', nanos: 500_000_000 }, 'deal.price.nanos'],
    [{ currencyCode: 'EUR', units: '1', nanos: 5_000_000 }, 'deal.price.nanos'],
    [{ currencyCode: 'XXX', units: '1' }, 'deal.price.currency_code'],
    [{ currencyCode: 'ZZZ', units: '1' }, 'deal.price.currency_code'],
  ])('is refused with its field: %o', async (price, field) => {
    const body = JSON.stringify({ title: 'Lamp', price, groupSize: 2, stock: '9', sku: 'LAMP' });
    const made = await send('POST', `/v1/partner/deals?request_id=${randomUUID()}`, { as: 'partner', body });
    expect([made.status, fieldsOf(made)]).toEqual([400, [field]]);
    const sound = JSON.stringify({ title: 'Lamp', price: { currencyCode: 'JPY', units: '100' }, groupSize: 2, stock: '9', sku: 'LAMP' });
    const { json: draft } = await send('POST', `/v1/partner/deals?request_id=${randomUUID()}`, { as: 'partner', body: sound });
    const changed = await send('PATCH', `/v1/partner/${draft.name}?update_mask=price`, { as: 'partner', body: JSON.stringify({ price }) });
    expect([changed.status, fieldsOf(changed)]).toEqual([400, [field]]);
  });
});

describe('a signed event of a provider', () => {
  const webhook = (body: string) => {
    const time = Math.floor(Date.now() / 1000);
    const v1 = createHmac('sha256', secretOf(stage.platform.secrets, 'payment-webhook')).update(`${time}.${body}`).digest('hex');
    return send('POST', '/v1/webhooks/payments/yamapay', { body, headers: { 'yamapay-signature': `t=${time},v1=${v1}` } });
  };
  const authorized = (id: string, { name, payment }: { name: string; payment: string }, sequence: string) =>
    `{"id":"${id}","type":"payment.authorized","data":{"intent":{"id":"${payment}","reference":"${name}","sequence":${sequence}}}}`;
  const stateOf = async ({ name }: { name: string }) => (await send('GET', `/v1/${name}`, { as: 'customer' })).json.state;
  const refused = async () => (await send('GET', '/v1/operator/refusedEvents', { as: 'operator' })).json.refusedEvents ?? [];
  const replay = (body: object) => send('POST', '/v1/operator/refusedEvents:replay', { as: 'operator', body: JSON.stringify(body) });

  /** An order that waits for its payment. */
  async function pendingOrder(): Promise<{ name: string; payment: string }> {
    const shippingAddress = { regionCode: 'JP', postalCode: '600-8216', addressLines: ['1-2 Shiokoji-cho'] };
    await send('PATCH', '/v1/profile', { as: 'customer', body: JSON.stringify({ shippingAddress }) });
    const { deals } = (await send('GET', '/v1/deals')).json;
    const body = JSON.stringify({ deal: deals[0].name, requestId: randomUUID() });
    const { order, payment } = (await send('POST', '/v1/groups', { as: 'customer', body })).json;
    return { name: order.name, payment: payment.id };
  }

  it.each(['"2"', '2.0', '"2e0"'])('is taken in where its sequence is written as %s', async (sequence) => {
    const order = await pendingOrder();
    expect((await webhook(authorized(`evt_${randomUUID()}`, order, sequence))).status).toBe(200);
    await expect.poll(() => stateOf(order)).toBe('STATE_AUTHORIZED');
  });

  it('is kept where it is not understood, alarms, and is told once it comes in a form that is', async () => {
    const order = await pendingOrder();
    const id = `evt/${randomUUID()}`;
    const name = `providers/yamapay/events/${id}`;
    for (let time = 0; time < 2; time += 1) expect((await webhook(authorized(id, order, '"two"'))).status).toBe(200);
    expect(await refused()).toMatchObject([
      { name, kind: 'payment', type: 'payment.authorized', reason: 'data.intent.sequence must be a whole number' },
    ]);
    const alarms = () => logged('webhook', 'ERROR').filter(({ event }) => event === id);
    await expect.poll(alarms).toMatchObject([{ provider: 'yamapay', webhookRefusal: 'data.intent.sequence must be a whole number' }]);
    for (const request of [{ name }, {}]) expect((await replay(request)).json).toEqual({ refused: 1 });
    expect(await stateOf(order)).toBe('STATE_PENDING_PAYMENT');
    expect((await webhook(authorized(id, order, '2'))).status).toBe(200);
    await expect.poll(() => stateOf(order)).toBe('STATE_AUTHORIZED');
    expect([await refused(), (await replay({ name })).json]).toEqual([[], {}]);
  });

  it('is no event where the database could not know it again', async () => {
    for (const body of ['{"id":"a\\u0000","type":"payment.authorized"}', '{"id":"a","type":"\\ud800"}', 'no event', '{}']) {
      const answer = await webhook(body);
      expect([answer.status, fieldsOf(answer)]).toEqual([400, ['payload.data']]);
    }
    // Kept by its id, whatever is in the rest.
    const id = `evt_${randomUUID()}`;
    expect((await webhook(authorized(id, { name: 'orders/a', payment: 'p\\u0000' }, '1'))).status).toBe(200);
    expect(await refused()).toMatchObject([{ name: `providers/yamapay/events/${id}` }]);
  });

  it('is shown and replayed to operators only, by names that exist', async () => {
    for (const as of [undefined, 'customer', 'partner']) {
      expect([401, 403]).toContain((await send('GET', '/v1/operator/refusedEvents', { as })).status);
      expect([401, 403]).toContain((await send('POST', '/v1/operator/refusedEvents:replay', { as, body: '{}' })).status);
    }
    expect((await replay({ name: 'providers/yamapay/events/none' })).status).toBe(404);
    expect((await replay({ name: 'yamapay/none' })).status).toBe(400);
  });
});

it.each<[string, Uint8Array]>([
  ['that is no message', Buffer.from([0xff, 0xff])],
  [
    'that says nothing',
    toBinary(EventSchema, create(EventSchema, { id: 'e', aggregate: 'deals/d', version: 1n, occurredAt: { seconds: 1n } })),
  ],
  [
    'that breaks a rule',
    toBinary(EventSchema, create(EventSchema, { id: 'e', aggregate: 'deals/d', payload: { case: 'dealClosed', value: {} } })),
  ],
])('a pushed event %s is not acknowledged', async (_, data) => {
  const body = JSON.stringify({ message: { data: Buffer.from(data).toString('base64'), messageId: '1' }, subscription: 's' });
  const answer = await send('POST', '/v1/events', { as: 'trigger', body, gateway: 'jobs' });
  expect([answer.status, fieldsOf(answer)[0]]).toEqual([400, 'message.data']);
});
