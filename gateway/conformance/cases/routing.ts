import type { CaseRequest, ConformanceCase, ExpectedResponse } from '../conformance-case.ts';
import type { Topic } from '../facts.ts';

const at = 'lab.plain';
const reset = 'upstream connect error or disconnect/reset before headers.';
const getDeal = '/kumiko.customer.v1.CustomerService/GetDeal';
const overflow = `${reset} reset reason: overflow`;

function get(
  name: string,
  about: readonly Topic[],
  path: string,
  expect: ExpectedResponse,
  more: Partial<ConformanceCase> = {},
): ConformanceCase {
  return { name, about, at, request: { method: 'GET', path } satisfies CaseRequest, expect, ...more } as ConformanceCase;
}

/** Routes, time limits, retries, circuit breakers. */
export const routing: readonly ConformanceCase[] = [
  get('no route', ['router.no-route'], '/nowhere', { status: 404, body: '' }),
  {
    name: 'no route by gRPC',
    about: ['router.no-route', 'router.local-replies'],
    at,
    request: { method: 'POST', path: getDeal, grpc: {} },
    expect: { status: 200, grpcStatus: 12 },
  },
  {
    name: 'a cluster that does not exist',
    about: ['router.no-route'],
    at,
    request: { method: 'GET', path: '/chosen', headers: [['x-cluster', 'nobody']] },
    expect: { status: 503 },
  },
  {
    name: 'a cluster by its header',
    about: ['router.no-route'],
    at,
    request: { method: 'GET', path: '/chosen', headers: [['x-cluster', 'other']] },
    expect: { status: 200 },
    expectUpstream: { path: '/chosen', via: 'other' },
  },
  get('an answer of the route itself', ['router.no-route'], '/direct', { status: 418, body: 'short and stout' }),
  {
    name: 'a redirect',
    about: ['router.no-route'],
    at,
    request: { method: 'GET', path: '/moved?a=1' },
    expect: { status: 301, headers: { location: /^http:\/\/127\.0\.0\.1:\d+\/echo\?a=1$/ } },
  },
  get(
    'an upstream that is too slow',
    ['router.timeout'],
    '/timeout',
    { status: 504, body: 'upstream request timeout' },
    { upstream: { silent: true } },
  ),
  get(
    'a stream that takes too long',
    ['router.timeout'],
    '/bounded',
    { status: 408, body: 'downstream duration timeout' },
    { upstream: { silent: true } },
  ),
  {
    name: 'a native call that takes too long',
    about: ['router.timeout', 'router.local-replies'],
    at,
    request: {
      protocols: ['HTTP/2'],
      method: 'POST',
      path: '/bounded',
      headers: [['content-type', 'application/grpc']],
      bytes: 'AAAAAAA=',
    },
    upstream: { silent: true },
    expect: { status: 200, headers: { 'grpc-status': '4' } },
  },
  {
    name: 'the limit goes upstream as grpc-timeout',
    about: ['router.timeout'],
    at,
    request: { method: 'GET', path: '/bounded' },
    expect: { status: 200 },
    expectUpstream: { path: '/bounded', headers: { 'grpc-timeout': '300m' } },
  },
  {
    name: 'a deadline of the client below the cap',
    about: ['router.timeout'],
    at,
    request: { method: 'GET', path: '/bounded', headers: [['grpc-timeout', '900m']] },
    expect: { status: 200 },
    expectUpstream: { path: '/bounded', headers: { 'grpc-timeout': '900m' } },
  },
  {
    name: 'a cap of zero caps nothing',
    about: ['router.timeout'],
    at,
    request: { method: 'GET', path: '/uncapped', headers: [['grpc-timeout', '50S']] },
    expect: { status: 200 },
    expectUpstream: { path: '/uncapped', headers: { 'grpc-timeout': '50000m' } },
  },
  get('an upstream that refuses connections', ['router.retries'], '/down', {
    status: 503,
    body: /^upstream connect error or disconnect\/reset before headers\. reset reason: /,
  }),
  get(
    'a refused stream is tried again',
    ['router.retries'],
    '/retried',
    { status: 200 },
    {
      upstream: { reset: 'refused-stream', times: 1 },
      expectUpstream: { path: '/retried', attempts: 2 },
    },
  ),
  get(
    'no more often than it may',
    ['router.retries'],
    '/retried',
    { status: 503 },
    {
      upstream: { reset: 'refused-stream' },
      expectUpstream: { path: '/retried', attempts: 2 },
    },
  ),
  get(
    'another condition is no reason',
    ['router.retries'],
    '/other-condition',
    { status: 503 },
    {
      upstream: { reset: 'internal-error' },
      expectUpstream: { path: '/other-condition', attempts: 1 },
    },
  ),
  get(
    'without a policy nothing is tried again',
    ['router.retries'],
    '/echo',
    { status: 503 },
    {
      upstream: { reset: 'refused-stream' },
      expectUpstream: { path: '/echo', attempts: 1 },
    },
  ),
  get(
    'an error status is tried again where 5xx is named, and passed on at last',
    ['router.retries'],
    '/status',
    { status: 500, body: 'no' },
    {
      upstream: { raw: 'bm8=', status: 500 },
      expectUpstream: { path: '/status', attempts: 2 },
    },
  ),
  get(
    'a cluster that may retry nothing',
    ['router.retries', 'router.circuit-breakers'],
    '/no-retries',
    { status: 503 },
    {
      upstream: { reset: 'refused-stream' },
      expectUpstream: { path: '/no-retries', attempts: 1 },
    },
  ),
  get(
    'a cluster that may have no request',
    ['router.circuit-breakers'],
    '/no-requests',
    {
      status: 503,
      body: overflow,
      headers: { 'x-envoy-overloaded': 'true' },
    },
    { expectUpstream: 'untouched' },
  ),
  get(
    'a cluster where no request may wait for a connection',
    ['router.circuit-breakers'],
    '/no-pending',
    {
      status: 503,
      body: overflow,
      headers: { 'x-envoy-overloaded': 'true' },
    },
    { expectUpstream: 'untouched' },
  ),
  {
    name: 'a local reply to gRPC is trailers-only',
    about: ['router.local-replies'],
    at,
    request: {
      protocols: ['HTTP/2'],
      method: 'POST',
      path: '/no-requests',
      headers: [['content-type', 'application/grpc']],
      bytes: 'AAAAAAA=',
    },
    expect: { status: 200, body: '', headers: { 'grpc-status': '14', 'grpc-message': overflow } },
  },
  {
    name: 'a transcoded request that no upstream answers is told in plain HTTP',
    about: ['transcoder.local-replies'],
    request: { method: 'POST', path: '/v1/groups', token: { as: 'customer' }, body: {} },
    upstream: { reset: 'internal-error' },
    expect: { status: 503, headers: { 'grpc-status': null, 'content-type': 'application/json' }, body: /reset before headers/ },
  },
  {
    name: 'a native request that no upstream answers is told in gRPC',
    about: ['transcoder.local-replies', 'router.local-replies'],
    request: { method: 'POST', path: getDeal, grpc: {} },
    upstream: { reset: 'internal-error' },
    expect: { status: 200, grpcStatus: 14 },
  },
];
