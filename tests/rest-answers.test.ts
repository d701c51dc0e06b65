import { getOption } from '@bufbuild/protobuf';
import { beforeAll, describe, expect, test } from 'vitest';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { restSamples } from '../gateway/conformance/rest-sample.ts';
import { http } from '../services/platform/contracts/gen/types/google/api/annotations_pb.js';
import { Access } from '../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { pathVariables } from '../services/platform/contracts/http-template.ts';
import { listMethods, type Method } from '../services/platform/contracts/methods.ts';
import { usePlatform } from './test-platform.ts';

// What Envoy and the services make of a REST request together, for every method.
const stage = usePlatform();
const tokens = new Map<Access, string>();

beforeAll(async () => {
  const { endpoints } = stage.platform;
  tokens.set(Access.CUSTOMER, await devToken(endpoints, 'customer', 'hana'));
  tokens.set(Access.PARTNER, await devToken(endpoints, 'partner', 'acme'));
  tokens.set(Access.OPERATOR, await devToken(endpoints, 'operator', 'operator@kumiko.example'));
});

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function send(httpMethod: string, path: string, access: Access, body?: string): Promise<Answer> {
  const token = tokens.get(access);
  const response = await fetch(`${stage.platform.endpoints.edge}${path}`, {
    method: httpMethod,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body }),
  });
  return { status: response.status, text: await response.text() };
}

/** Methods of the edge with fields that their paths set. */
const bound: readonly Method[] = listMethods().filter(
  ({ http, policy }) =>
    http !== undefined && pathVariables(http).length > 0 && policy?.access !== Access.TRIGGER && policy?.access !== Access.SERVICE,
);

describe('a query that sets what the path has set', () => {
  test.each(bound.map((method) => [method.grpcPath, method] as const))('is refused with the field: %s', async (_, { desc, policy }) => {
    const variables = pathVariables(getOption(desc, http));
    for (const { httpMethod, path, body } of restSamples(desc)) {
      for (const variable of variables) {
        const camel = variable.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
        const encoded = `%${variable.charCodeAt(0).toString(16)}${variable.slice(1)}`;
        for (const name of new Set([variable, camel, encoded])) {
          const { status, text } = await send(httpMethod, `${path}?${name}=orders/other`, policy!.access, body);
          // Envoy knows no parameter whose name is encoded.
          expect([status, text], `${httpMethod} ${path}?${name}`).toEqual([400, expect.stringContaining(name === encoded ? '' : variable)]);
        }
      }
    }
  });

  test('changes nothing', async () => {
    expect(bound.length).toBeGreaterThan(12);
    const { status, text } = await send('POST', '/v1/orders/a:cancel?name=orders/b', Access.CUSTOMER, '{}');
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ code: 3, message: 'name: is set by the path: the query must not set it as well' });
  });
});

describe('what Envoy makes of odd requests, which callers rely on', () => {
  const deals = ({ text }: Answer) => (JSON.parse(text) as { deals: unknown[] }).deals.length;

  test.each([
    ['as the proto has it', '?page_size=1', 1],
    ['as JSON has it', '?pageSize=1', 1],
    ['with an encoded underscore', '?page%5Fsize=1', 1],
    ['twice: the last one counts', '?page_size=2&page_size=1', 1],
    ['without a value: it is not there', '?page_size', 2],
  ])('a parameter %s', async (_, query, count) => {
    const answer = await send('GET', `/v1/deals${query}`, Access.PUBLIC);
    expect([answer.status, deals(answer)]).toEqual([200, count]);
  });

  test.each([
    ['that is no number', 'page_size=abc', 'page_size: invalid value "abc" for type TYPE_INT32'],
    ['that is no whole number', 'page_size=1.0', 'page_size: invalid value "1.0" for type TYPE_INT32'],
    ['that is empty', 'page_size=', 'page_size: invalid value "" for type TYPE_INT32'],
    ['that nobody knows', 'colour=red', 'Could not find field "colour" in the type "kumiko.customer.v1.ListDealsRequest".'],
  ])('a parameter %s is refused with its name', async (_, query, message) => {
    const { status, text } = await send('GET', `/v1/deals?${query}`, Access.PUBLIC);
    expect([status, JSON.parse(text)]).toEqual([400, { code: 3, message, details: [] }]);
  });

  test.each([
    ['update_mask=display_name', { display_name: 'one' }, 'one'],
    ['updateMask=displayName', { displayName: 'two' }, 'two'],
    ['update_mask=display_name,display_name', { displayName: 'three' }, 'three'],
  ])('a mask by ?%s changes what it names', async (query, body, name) => {
    const { status, text } = await send('PATCH', `/v1/profile?${query}`, Access.CUSTOMER, JSON.stringify(body));
    expect([status, (JSON.parse(text) as { displayName: string }).displayName]).toEqual([200, name]);
  });

  const deal = (fields: object) =>
    JSON.stringify({ title: 'Tea', price: { currencyCode: 'JPY', units: 100 }, groupSize: 2, stock: 5, sku: 'T', ...fields });
  const create = (body: string) => send('POST', `/v1/partner/deals?request_id=${crypto.randomUUID()}`, Access.PARTNER, body);

  test.each([['"7"'], ['7']])('an int64 of %s is 7, and comes back as a text', async (stock) => {
    const { status, text } = await create(deal({}).replace('"stock":5', `"stock":${stock}`));
    expect([status, (JSON.parse(text) as { stock: unknown }).stock]).toEqual([200, '7']);
  });

  test.each([['"1e1"'], ['1.5'], ['"x"'], ['9223372036854775808']])('an int64 of %s is refused', async (stock) => {
    const { status, text } = await create(deal({}).replace('"stock":5', `"stock":${stock}`));
    expect([status, text]).toEqual([400, expect.stringContaining('deal.stock')]);
  });

  test.each(['state+%3D+STATE_DRAFT', 'state%20=%20%22STATE_DRAFT%22', 'state=STATE_DRAFT'])('a filter of %s is read', async (filter) => {
    await create(deal({}));
    const { status, text } = await send('GET', `/v1/partner/deals?filter=${filter}&order_by=create_time+desc`, Access.PARTNER);
    expect([status, new Set((JSON.parse(text) as { deals: { state: string }[] }).deals.map(({ state }) => state))]).toEqual([
      200,
      new Set(['STATE_DRAFT']),
    ]);
  });

  // docs/reference/aip.md says why.
  test('a field in a body that nobody knows is dropped, and missed where it was meant for one that is needed', async () => {
    expect((await create(deal({ titel: 'Coffee' }))).status).toBe(200);
    const { status, text } = await create(deal({ title: undefined, titel: 'Coffee' }));
    expect([status, text]).toEqual([400, expect.stringContaining('deal.title: a deal needs a title')]);
  });

  test('a request id may be left out, or be in the query of a request whose body is all there is', async () => {
    const without = async () =>
      (JSON.parse((await send('POST', '/v1/partner/deals', Access.PARTNER, deal({}))).text) as { name: string }).name;
    expect(await without()).not.toBe(await without());
    const query = `/v1/groups?request_id=${crypto.randomUUID()}`;
    const answers = [1, 2].map(() => send('POST', query, Access.CUSTOMER, JSON.stringify({ deal: 'deals/none' })));
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(404);
  });

  test('If-Match is the etag of the request: 409 where the deal has changed, and nothing is', async () => {
    const { name, etag } = JSON.parse((await create(deal({}))).text) as { name: string; etag: string };
    const call = async (method: string, ifMatch: string, body?: string) => {
      const response = await fetch(`${stage.platform.endpoints.edge}/v1/partner/${name}`, {
        method,
        headers: { authorization: `Bearer ${tokens.get(Access.PARTNER)}`, 'content-type': 'application/json', 'if-match': ifMatch },
        ...(body !== undefined && { body }),
      });
      return { status: response.status, json: (await response.json()) as Record<string, unknown> };
    };
    const changed = await call('PATCH', etag, '{"title": "Coffee"}');
    expect(changed).toMatchObject({ status: 200, json: { title: 'Coffee' } });
    const stale = await call('PATCH', etag, '{"title": "Lost"}');
    expect(stale).toMatchObject({ status: 409, json: { code: 10, details: [{ reason: 'ETAG_MISMATCH' }, { resourceName: name }] } });
    expect((await call('DELETE', etag)).status).toBe(409);
    expect((await call('DELETE', 'weak')).status).toBe(400);
    expect(await call('DELETE', `${changed.json['etag']}`)).toEqual({ status: 200, json: {} });
    expect((await send('GET', `/v1/partner/${name}`, Access.PARTNER)).status).toBe(404);
  });

  test('two Authorization headers are none', async () => {
    const bearer = `Bearer ${tokens.get(Access.CUSTOMER)}`;
    const headers = new Headers([['authorization', bearer]]);
    headers.append('authorization', bearer);
    expect((await fetch(`${stage.platform.endpoints.edge}/v1/orders`, { headers })).status).toBe(401);
  });
});
