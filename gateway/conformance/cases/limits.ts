import type { CaseRequest, ConformanceCase } from '../conformance-case.ts';

const customer = { as: 'customer' } as const;
const at = 'limited';
const service = '/kumiko.customer.v1.CustomerService';

/** A request of a client behind the two proxies that are trusted; what stands further left it has said itself. */
function from(address: string, said = ''): CaseRequest {
  return { method: 'GET', path: '/v1/deals', headers: [['x-forwarded-for', `${said}${address}, 198.51.100.1`]] };
}

/** Bodies, times and rates. */
export const limits: readonly ConformanceCase[] = [
  {
    name: 'a client within its bucket',
    about: ['limits.rates'],
    at,
    request: { ...from('203.0.113.1'), protocols: ['HTTP/1.1'], times: 10 },
    expect: { status: 200 },
  },
  {
    name: 'a client whose bucket is empty',
    about: ['limits.rates', 'local-replies.json'],
    at,
    request: { ...from('203.0.113.2'), times: 60 },
    expect: { status: 429, body: { json: { code: 8, message: 'local_rate_limited', details: [] } } },
    expectUpstream: 'untouched',
  },
  {
    name: 'every client has a bucket of its own',
    about: ['limits.rates'],
    at,
    request: { ...from('203.0.113.{n}'), times: 60 },
    expect: { status: 200 },
  },
  {
    name: 'an address that the client has made up gives it no bucket',
    about: ['limits.rates', 'hcm.forwarding', 'attack.forged-address'],
    at,
    request: { ...from('203.0.113.3', '192.0.2.{n}, '), times: 60 },
    expect: { status: 429 },
    expectUpstream: 'untouched',
  },
  {
    name: 'a flood of bad tokens is met before they are checked',
    about: ['limits.rates', 'chain.order'],
    at,
    request: { ...from('203.0.113.4'), path: '/v1/profile', token: { as: 'customer', signature: 'garbled' }, times: 60 },
    expect: { status: 429 },
    expectUpstream: 'untouched',
  },
  {
    name: 'a gRPC client whose bucket is empty',
    about: ['limits.rates', 'local-replies.grpc'],
    at,
    request: { ...from('203.0.113.5'), path: `${service}/ListDeals`, grpc: {}, times: 60 },
    expect: { status: 200, grpcStatus: 8, grpcMessage: 'local_rate_limited', body: '' },
    expectUpstream: 'untouched',
  },
  {
    name: 'a caller whose bucket is empty, from whatever address',
    about: ['limits.rates'],
    at,
    request: { ...from('198.18.0.{n}'), path: '/v1/profile', token: { as: 'customer', claims: { sub: 'bob' } }, times: 15 },
    expect: { status: 429, body: { json: { code: 8, message: 'local_rate_limited', details: [] } } },
    expectUpstream: 'untouched',
  },
  {
    name: 'a partner of the same subject is another caller',
    about: ['limits.rates'],
    at,
    request: {
      ...from('198.18.1.1'),
      protocols: ['HTTP/1.1'],
      path: '/v1/partner/deals',
      token: { as: 'partner', claims: { sub: 'bob' } },
      times: 2,
    },
    expect: { status: 200 },
  },
  {
    name: 'a deadline that passes, told by REST',
    about: ['router.deadlines', 'local-replies.json'],
    at,
    request: { method: 'GET', path: '/v1/deals/tea' },
    upstream: { silent: true },
    expect: { status: 504, body: { json: { code: 4, message: 'downstream duration timeout', details: [] } } },
  },
  {
    name: 'a deadline that passes, told by gRPC',
    about: ['router.deadlines', 'local-replies.grpc'],
    at,
    request: { method: 'POST', path: `${service}/GetDeal`, grpc: {} },
    upstream: { silent: true },
    expect: { status: 200, grpcStatus: 4, grpcMessage: 'downstream duration timeout' },
  },
  {
    name: 'a shorter deadline of a REST client',
    about: ['router.deadlines'],
    request: { method: 'GET', path: '/v1/deals/tea', headers: [['grpc-timeout', '50m']] },
    upstream: { silent: true },
    expect: { status: 504, body: /downstream duration timeout/ },
  },
  {
    name: 'a stream that is silent for too long',
    about: ['hcm.edge-limits', 'local-replies.json'],
    at,
    request: { method: 'GET', path: '/v1/profile', token: customer },
    upstream: { silent: true },
    expect: { status: 504, body: { json: { code: 4, message: 'stream timeout', details: [] } } },
  },
  {
    name: 'headers that never end',
    about: ['attack.slow-headers', 'hcm.edge-limits'],
    at,
    http1: ['GET /v1/deals HTTP/1.1\r\nhost: g\r\n', 200, 'x-a: 1\r\n'],
    quietMs: 3000,
    expect: { statuses: [408], closes: true },
  },
];
