import type { CaseRequest, ConformanceCase, ExpectedResponse } from '../conformance-case.ts';

const customer = { as: 'customer' } as const;
const at = 'limited';
const service = '/kumiko.customer.v1.CustomerService';

/** A request of a client behind the two proxies that are trusted; what stands further left it has said itself. */
function from(address: string, said = ''): CaseRequest {
  return { method: 'GET', path: '/v1/deals', headers: [['x-forwarded-for', `${said}${address}, 198.51.100.1`]] };
}

const push = { protocols: ['HTTP/2'], method: 'POST', path: '/v1/events', token: { as: 'subscription' } } as const;

/** Text of so many KiB. */
const kib = (n: number) => ({ body: ' '.repeat(1024), repeat: n });
const oversized: ExpectedResponse = { status: 413, body: { json: { code: 11, message: 'Payload Too Large', details: [] } } };

/** The last of many requests is let through where the bucket has just been filled again: in milliseconds, as long as that may happen to whoever is slow. */
const refill = 10_000;

/** Bodies, times and rates. */
export const limits: readonly ConformanceCase[] = [
  {
    name: 'JSON over the limit',
    about: ['limits.bodies', 'attack.body-limit', 'local-replies.json'],
    request: { method: 'POST', path: '/v1/groups', token: customer, ...kib(1100) },
    expect: oversized,
    expectUpstream: 'untouched',
  },
  {
    name: 'JSON over the limit, on a path of a preview’s service',
    about: ['limits.bodies', 'attack.body-limit'],
    at: 'guarded',
    request: { method: 'PATCH', path: '/v1/profile', token: customer, ...kib(1100) },
    expect: oversized,
    expectUpstream: 'untouched',
  },
  {
    name: 'JSON over the limit at the jobs gateway',
    about: ['limits.bodies', 'attack.body-limit'],
    at: 'jobs',
    request: { method: 'POST', path: '/v1/tasks/release-hold', token: { as: 'queue' }, ...kib(1100) },
    expect: oversized,
    expectUpstream: 'untouched',
  },
  {
    name: 'the largest push of Pub/Sub',
    about: ['limits.bodies'],
    at: 'jobs',
    request: { ...push, body: { message: { data: 'A'.repeat(14_000_000) }, subscription: 'deal-events' } },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.job.v1.JobService/HandleEvent', fields: { subscription: 'deal-events' } },
  },
  {
    name: 'a push that is larger than Pub/Sub has',
    about: ['limits.bodies', 'attack.body-limit'],
    at: 'jobs',
    request: { ...push, ...kib(16_000) },
    expect: oversized,
    expectUpstream: 'untouched',
  },
  {
    name: 'JSON under the limit',
    about: ['limits.bodies'],
    request: { method: 'POST', path: '/v1/groups', token: customer, body: { quantity: 2, deal: 'x'.repeat(900_000) } },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/OpenGroup`, fields: { quantity: 2 } },
  },
  {
    name: 'a webhook over the limit',
    about: ['limits.bodies', 'attack.body-limit'],
    request: { method: 'POST', path: '/v1/webhooks/payments/yamapay', ...kib(1100) },
    expect: oversized,
    expectUpstream: 'untouched',
  },
  {
    name: 'a body over the limit that never says its length',
    about: ['limits.bodies', 'attack.body-limit'],
    http1: [
      'POST /v1/webhooks/payments/yamapay HTTP/1.1\r\nhost: g\r\ntransfer-encoding: chunked\r\n\r\n',
      ...Array.from({ length: 1100 }, () => `400\r\n${'x'.repeat(1024)}\r\n`),
    ],
    expect: { statuses: [413] },
  },
  {
    name: 'a message of native gRPC has the service’s limit',
    about: ['limits.bodies'],
    request: { method: 'POST', path: `${service}/OpenGroup`, token: customer, grpc: { deal: 'x'.repeat(3_000_000) } },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/OpenGroup` },
  },
  {
    name: 'a long stream is not held back',
    about: ['limits.bodies'],
    request: { method: 'GET', path: '/v1/groups/g1:watch', token: customer },
    upstream: { stream: Array.from({ length: 200 }, () => ({ resumeToken: 'x'.repeat(10_000) })) },
    expect: { status: 200, body: /^(\{"resumeToken":"x{10000}"\}\n){200}$/ },
  },
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
    within: refill,
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
    within: refill,
    expect: { status: 429 },
    expectUpstream: 'untouched',
  },
  {
    name: 'a flood of bad tokens is met before they are checked',
    about: ['limits.rates', 'chain.order'],
    at,
    request: { ...from('203.0.113.4'), path: '/v1/profile', token: { as: 'customer', signature: 'garbled' }, times: 60 },
    within: refill,
    expect: { status: 429 },
    expectUpstream: 'untouched',
  },
  {
    name: 'a gRPC client whose bucket is empty',
    about: ['limits.rates', 'local-replies.grpc'],
    at,
    request: { ...from('203.0.113.5'), path: `${service}/ListDeals`, grpc: {}, times: 60 },
    within: refill,
    expect: { status: 200, grpcStatus: 8, grpcMessage: 'local_rate_limited', body: '' },
    expectUpstream: 'untouched',
  },
  {
    name: 'a caller whose bucket is empty, from whatever address',
    about: ['limits.rates'],
    at,
    request: { ...from('198.18.0.{n}'), path: '/v1/profile', token: { as: 'customer', claims: { sub: 'bob' } }, times: 15 },
    within: refill,
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
    request: { protocols: ['HTTP/1.1'], method: 'GET', path: '/v1/deals/tea' },
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
    request: { protocols: ['HTTP/1.1'], method: 'GET', path: '/v1/profile', token: customer },
    upstream: { silent: true },
    expect: { status: 504, body: { json: { code: 4, message: 'stream timeout', details: [] } } },
  },
  {
    name: 'headers that never end',
    about: ['attack.slow-headers', 'hcm.edge-limits'],
    at,
    http1: ['GET /v1/deals HTTP/1.1\r\nhost: g\r\n', 200, 'x-a: 1\r\n'],
    expect: { statuses: [408], closes: true },
  },
];
