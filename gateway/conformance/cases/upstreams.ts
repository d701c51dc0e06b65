import type { ConformanceCase } from '../conformance-case.ts';

const at = 'lab.plain';
const customer = { as: 'customer' } as const;
const audience = (name: string) => `https://${name}.kumiko-local.kumiko.internal`;

/** What upstreams get, and whom the gateway trusts. */
export const upstreams: readonly ConformanceCase[] = [
  {
    name: 'a certificate of the right name and authority',
    about: ['upstream.tls', 'upstream.authority'],
    at,
    request: { method: 'GET', path: '/tls' },
    expect: { status: 200, body: 'ok' },
    expectUpstream: { path: '/tls', via: 'tls', headers: { ':authority': 'keys.example' } },
  },
  {
    name: 'a certificate of another name',
    about: ['upstream.tls'],
    at,
    request: { method: 'GET', path: '/tls-other-name' },
    expect: { status: 503 },
    expectUpstream: 'untouched',
  },
  {
    name: 'a certificate of another authority',
    about: ['upstream.tls'],
    at,
    request: { method: 'GET', path: '/tls-other-ca' },
    expect: { status: 503 },
    expectUpstream: 'untouched',
  },
  {
    name: 'without an authority nothing is checked',
    about: ['upstream.tls'],
    at,
    request: { method: 'GET', path: '/tls-blind' },
    expect: { status: 200 },
    expectUpstream: { path: '/tls-blind', via: 'tls' },
  },
  {
    name: 'the authority of a REST request is the upstream’s',
    about: ['upstream.authority'],
    request: { method: 'GET', path: '/v1/profile', token: customer },
    expect: { status: 200 },
    expectUpstream: {
      path: '/kumiko.customer.v1.CustomerService/GetProfile',
      audience: audience('customer'),
      headers: { ':authority': /^127\.0\.0\.1:\d+$/, authorization: /^Bearer ey/, 'x-serverless-authorization': /^Bearer ey/ },
    },
  },
  {
    name: 'the audience follows the service',
    about: ['upstream.audience'],
    request: { method: 'GET', path: '/v1/partner/deals', token: { as: 'partner' } },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.partner.v1.PartnerService/ListDeals', audience: audience('partner') },
  },
  {
    name: 'a preview has another address and the same audience',
    about: ['upstream.audience', 'upstream.authority', 'chain.order'],
    at: 'guarded',
    request: { method: 'GET', path: '/v1/profile', token: { as: 'customer', claims: { kumiko_preview: { customer: 'pr-7' } } } },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetProfile', via: 'other', audience: audience('customer') },
  },
  {
    name: 'a preview that a header asks for is not given',
    about: ['attack.spoofed-headers', 'hcm.early-strip'],
    at: 'guarded',
    request: { method: 'GET', path: '/v1/profile', token: customer, headers: [['x-kumiko-preview-customer', 'pr-7']] },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetProfile', via: 'main' },
  },
  {
    name: 'a native call of the preview',
    about: ['upstream.audience'],
    at: 'guarded',
    request: {
      method: 'POST',
      path: '/kumiko.customer.v1.CustomerService/GetProfile',
      token: { as: 'customer', claims: { kumiko_preview: { customer: 'pr-7' } } },
      grpc: {},
    },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetProfile', via: 'other', audience: audience('customer') },
  },
  {
    name: 'both tokens of a native call',
    about: ['upstream.user-token'],
    request: { method: 'POST', path: '/kumiko.customer.v1.CustomerService/GetProfile', token: customer, grpc: {} },
    expect: { status: 200 },
    expectUpstream: {
      path: '/kumiko.customer.v1.CustomerService/GetProfile',
      headers: { authorization: /^Bearer ey/, 'x-serverless-authorization': /^Bearer ey/ },
    },
  },
  {
    name: 'an HTTP/1.1 upstream',
    about: ['router.no-route'],
    at,
    request: { method: 'POST', path: '/http1', body: 'x' },
    expect: { status: 200, body: 'ok' },
    expectUpstream: { path: '/http1', via: 'http1', headers: { 'x-forwarded-proto': 'http' } },
  },
  {
    name: 'request trailers between HTTP/2 peers',
    about: ['upstream.trailers'],
    at,
    request: { method: 'POST', path: '/echo', body: 'x', trailers: { 'x-sum': '7' } },
    expect: { status: 200 },
    expectUpstream: { path: '/echo', trailers: { 'x-sum': '7' } },
  },
  {
    name: 'response trailers between HTTP/2 peers',
    about: ['upstream.trailers'],
    at,
    request: { protocols: ['HTTP/2'], method: 'GET', path: '/echo' },
    upstream: { raw: 'b2s=', trailers: { 'x-sum': '8' } },
    expect: { status: 200, body: 'ok', trailers: { 'x-sum': '8' } },
  },
  {
    name: 'trailers of a gRPC request',
    about: ['upstream.trailers'],
    request: { method: 'POST', path: '/kumiko.customer.v1.CustomerService/GetDeal', grpc: {}, trailers: { 'x-sum': '9' } },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetDeal', trailers: { 'x-sum': '9' } },
  },
  {
    name: 'the client’s address, as the trusted proxy tells it',
    about: ['hcm.forwarding'],
    at: 'guarded',
    request: {
      method: 'GET',
      path: '/v1/deals/tea',
      headers: [
        ['x-forwarded-for', '203.0.113.9'],
        ['x-forwarded-proto', 'https'],
      ],
    },
    expect: { status: 200 },
    expectUpstream: {
      path: '/kumiko.customer.v1.CustomerService/GetDeal',
      headers: { 'x-forwarded-for': '203.0.113.9,127.0.0.1', 'x-forwarded-proto': 'https' },
    },
  },
  {
    name: 'without a trusted proxy its word about the scheme does not count',
    about: ['hcm.forwarding'],
    request: { method: 'GET', path: '/v1/deals/tea', headers: [['x-forwarded-proto', 'https']] },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetDeal', headers: { 'x-forwarded-proto': 'http', ':scheme': 'http' } },
  },
];
