import type { ConformanceCase } from '../conformance-case.ts';

const customer = { as: 'customer' } as const;

function badPath(name: string, path: string): ConformanceCase {
  return { name, request: { method: 'GET', path, token: customer }, expect: { status: 400 }, expectUpstream: 'untouched' };
}

const spoofed = [
  ['x-serverless-authorization', 'Bearer forged'],
  ['x-forwarded-authorization', 'Bearer forged'],
  ['x-kumiko-preview-customer', 'pr-1'],
  ['x-envoy-original-method', 'DELETE'],
  ['x-http-method-override', 'DELETE'],
] as const;
const stripped = {
  'x-serverless-authorization': /^Bearer ey[\w-]+\.ey[\w-]+\.[\w-]+$/,
  'x-forwarded-authorization': null,
  'x-kumiko-preview-customer': null,
  'x-http-method-override': null,
};

/** What a hostile client tries. */
export const attacks: readonly ConformanceCase[] = [
  {
    name: 'spoofed internal headers on a public REST route',
    request: { method: 'GET', path: '/v1/deals/tea', headers: spoofed },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetDeal', headers: { ...stripped, 'x-envoy-original-method': 'GET' } },
  },
  {
    name: 'spoofed internal headers on a REST route with a token',
    request: { method: 'GET', path: '/v1/profile', headers: spoofed, token: customer },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetProfile', headers: { ...stripped, authorization: /^Bearer ey/ } },
  },
  {
    name: 'spoofed internal headers on a webhook',
    request: { method: 'POST', path: '/v1/webhooks/payments/yamapay', headers: spoofed, body: '{}' },
    expect: { status: 200 },
    expectUpstream: {
      path: '/kumiko.webhook.v1.WebhookService/ReceivePaymentEvent',
      headers: { ...stripped, 'x-envoy-original-method': 'POST' },
    },
  },
  {
    name: 'spoofed internal headers by gRPC',
    request: { method: 'POST', path: '/kumiko.customer.v1.CustomerService/GetDeal', headers: spoofed, grpc: {} },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetDeal', headers: { ...stripped, 'x-envoy-original-method': null } },
  },
  badPath('an escaped slash', '/v1/deals/a%2Fb'),
  badPath('an escaped backslash', '/v1/deals/a%5cb'),
  badPath('an escaped NUL', '/v1/deals/a%00b'),
  badPath('a fragment', '/v1/deals/a#b'),
  {
    name: 'a header with an underscore',
    request: { method: 'GET', path: '/v1/deals/tea', headers: [['x_serverless_authorization', 'forged']] },
    expect: { status: 400 },
    expectUpstream: 'untouched',
  },
  {
    name: 'dot segments cannot reach another route without its token',
    request: { method: 'GET', path: '/v1/deals/../profile' },
    expect: { status: 401, body: /Jwt is missing/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'slashes are merged before rules are matched',
    request: { method: 'GET', path: '//v1//profile' },
    expect: { status: 401, body: /Jwt is missing/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'two Authorization headers: the first is judged',
    request: { method: 'GET', path: '/v1/profile', headers: [['authorization', 'Bearer forged.forged.forged']], token: customer },
    expect: { status: 401 },
    expectUpstream: 'untouched',
  },
  {
    name: 'two Authorization headers on a public route',
    request: {
      method: 'GET',
      path: '/v1/deals/tea',
      headers: [
        ['authorization', 'Bearer a'],
        ['authorization', 'Bearer b'],
      ],
    },
    expect: { status: 200 },
  },
  {
    name: 'a token in the URL is no token',
    request: { method: 'GET', path: '/v1/profile?access_token=abc' },
    expect: { status: 401, body: /Jwt is missing/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'bytes that are no UTF-8 in JSON',
    request: { method: 'POST', path: '/v1/groups', token: customer, body: '{"deal":"\\ud800"}' },
    expect: { status: 400 },
    expectUpstream: 'untouched',
  },
  {
    name: 'deep JSON in a field that nobody knows is ignored or refused, never a crash',
    request: { method: 'POST', path: '/v1/groups', token: customer, body: `{"deal":${'['.repeat(100_000)}` },
    expect: { status: 400 },
    expectUpstream: 'untouched',
  },
  {
    name: 'a native gRPC path with a JSON content type does not escape the transcoder',
    request: { method: 'POST', path: '/kumiko.customer.v1.CustomerService/GetProfile', token: customer, body: {} },
    expect: { status: 404 },
    expectUpstream: 'untouched',
  },
];
