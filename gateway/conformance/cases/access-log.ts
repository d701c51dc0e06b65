import type { ConformanceCase } from '../conformance-case.ts';

const customer = { as: 'customer' } as const;
const trace = '0af7651916cd43dd8448eb211c80319c';
// One protocol: each of them waits for the log to be flushed.
const protocols = ['HTTP/1.1'] as const;

/** The line that each request leaves, as Cloud Logging reads it. */
export const accessLog: readonly ConformanceCase[] = [
  {
    name: 'a REST request',
    about: ['access-log.fields', 'access-log.flush'],
    request: { protocols, method: 'GET', path: '/v1/deals/tea' },
    expect: { status: 200 },
    expectLog: {
      severity: 'INFO',
      time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
      message: 'GET /v1/deals/tea 200',
      httpRequest: {
        requestMethod: 'GET',
        requestUrl: '/v1/deals/tea',
        status: 200,
        requestSize: 0,
        responseSize: /^\d+$/,
        protocol: 'HTTP/1.1',
      },
      grpcPath: '/kumiko.customer.v1.CustomerService/GetDeal',
      durationMs: /^\d+$/,
      upstream: 'customer',
      grpcStatus: null,
      details: 'via_upstream',
      requestId: /^[0-9a-f-]{36}$/,
    },
  },
  {
    name: 'a native call and its status',
    about: ['access-log.fields'],
    request: { method: 'POST', path: '/kumiko.customer.v1.CustomerService/GetProfile', token: customer, grpc: {} },
    upstream: { error: { code: 5, message: 'no profile' } },
    expect: { status: 200, grpcStatus: 5 },
    expectLog: {
      severity: 'INFO',
      grpcPath: '/kumiko.customer.v1.CustomerService/GetProfile',
      grpcStatus: 'NotFound',
      upstream: 'customer',
    },
  },
  {
    name: 'a native call that fails by the service’s fault is an error',
    about: ['access-log.fields'],
    request: { method: 'POST', path: '/kumiko.customer.v1.CustomerService/GetProfile', token: customer, grpc: {} },
    upstream: { error: { code: 13, message: 'broken' } },
    expect: { status: 200, grpcStatus: 13 },
    expectLog: { severity: 'ERROR', httpRequest: { status: 200 }, grpcStatus: 'Internal' },
  },
  {
    name: 'a request that is refused, with the reason',
    about: ['access-log.fields'],
    request: { protocols, method: 'GET', path: '/v1/profile' },
    expect: { status: 401 },
    expectLog: { severity: 'INFO', httpRequest: { status: 401 }, upstream: null, details: /^jwt_authn_access_denied\{Jwt_is_missing\}$/ },
  },
  {
    name: 'a failure of the upstream is an error',
    about: ['access-log.fields'],
    request: { protocols, method: 'POST', path: '/v1/groups', token: customer, body: {} },
    upstream: { reset: 'internal-error' },
    expect: { status: 503 },
    expectLog: { severity: 'ERROR', httpRequest: { status: 503 }, flags: 'URX,UR', upstream: 'customer' },
  },
  {
    name: 'the trace of the client, for Cloud Logging',
    about: ['access-log.fields'],
    at: 'guarded',
    request: { protocols, method: 'GET', path: '/v1/deals/tea', headers: [['traceparent', `00-${trace}-b7ad6b7169203331-01`]] },
    expect: { status: 200 },
    expectLog: { 'logging.googleapis.com/trace': `projects/kumiko-local/traces/${trace}` },
  },
  {
    name: 'a call of the jobs gateway',
    about: ['access-log.fields', 'access-log.flush'],
    at: 'jobs',
    request: { protocols, method: 'POST', path: '/v1/tasks/release-hold', token: { as: 'queue' }, body: {} },
    expect: { status: 200 },
    expectLog: { message: 'POST /v1/tasks/release-hold 200', grpcPath: '/kumiko.job.v1.JobService/ReleaseHold', upstream: 'job' },
  },
];
