import type { ConformanceCase } from '../conformance-case.ts';

const at = 'guarded';
const path = '/v1/deals/tea';
const grpcPath = '/kumiko.customer.v1.CustomerService/GetDeal';
const trace = '0af7651916cd43dd8448eb211c80319c';
const parent = 'b7ad6b7169203331';
/** Of the caller's trace, but not the caller's span. */
const own = (flags: string) => new RegExp(`^00-${trace}-(?!${parent})[0-9a-f]{16}-${flags}$`);

/** What a request's trace context becomes. What the spans say: spans.test.ts. */
export const tracing: readonly ConformanceCase[] = [
  {
    name: 'a sampled request carries the gateway’s own span upstream',
    about: ['hcm.tracing'],
    at,
    request: { method: 'GET', path, headers: [['traceparent', `00-${trace}-${parent}-01`]] },
    expect: { status: 200 },
    expectUpstream: { path: grpcPath, headers: { traceparent: own('01') } },
  },
  {
    name: 'a caller that does not sample is followed',
    about: ['hcm.tracing'],
    at,
    request: { method: 'GET', path, headers: [['traceparent', `00-${trace}-${parent}-00`]] },
    expect: { status: 200 },
    expectUpstream: { path: grpcPath, headers: { traceparent: own('00') } },
  },
  {
    name: 'only one bit of the flags says sampled',
    about: ['hcm.tracing'],
    at,
    request: { method: 'GET', path, headers: [['traceparent', `00-${trace}-${parent}-fe`]] },
    expect: { status: 200 },
    expectUpstream: { path: grpcPath, headers: { traceparent: own('00') } },
  },
  {
    name: 'a request without a trace begins one, which is kept or not by the gateway’s share',
    about: ['hcm.tracing'],
    at,
    request: { method: 'GET', path },
    expect: { status: 200 },
    expectUpstream: { path: grpcPath, headers: { traceparent: /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/, 'x-request-id': /^.{14}9/ } },
  },
  {
    name: 'a malformed traceparent passes as it is',
    about: ['hcm.tracing'],
    at,
    request: { method: 'GET', path, headers: [['traceparent', `00-${'0'.repeat(32)}-${parent}-01`]] },
    expect: { status: 200 },
    expectUpstream: { path: grpcPath, headers: { traceparent: `00-${'0'.repeat(32)}-${parent}-01` } },
  },
  {
    name: 'tracestate travels with its traceparent',
    about: ['hcm.tracing'],
    at,
    request: {
      method: 'GET',
      path,
      headers: [
        ['traceparent', `00-${trace}-${parent}-01`],
        ['tracestate', 'vendor=1'],
      ],
    },
    expect: { status: 200 },
    expectUpstream: { path: grpcPath, headers: { traceparent: own('01'), tracestate: 'vendor=1' } },
  },
  {
    name: 'an answer has the trace of its request',
    about: ['hcm.trace-of-answers'],
    at,
    request: { method: 'GET', path, headers: [['traceparent', `00-${trace}-${parent}-01`]] },
    expect: { status: 200, headers: { traceparent: own('00') } },
  },
  {
    name: 'a refusal has a trace of its own',
    about: ['hcm.trace-of-answers'],
    at,
    request: { method: 'POST', path: '/kumiko.customer.v1.CustomerService/GetProfile', grpc: {} },
    expect: { status: 200, grpcStatus: 16, grpcMessage: 'Jwt is missing', headers: { traceparent: /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/ } },
  },
];
