import type { CaseRequest, ConformanceCase } from '../conformance-case.ts';
import { frame } from '../scripted-upstream.ts';

const appOrigin = 'https://app.kumiko.example';
const customerService = '/kumiko.customer.v1.CustomerService';
const customer = { as: 'customer' } as const;

function preflight(origin: string, method = 'GET', headers = 'authorization'): CaseRequest {
  return {
    method: 'OPTIONS',
    path: '/v1/profile',
    headers: [
      ['origin', origin],
      ['access-control-request-method', method],
      ['access-control-request-headers', headers],
    ],
  };
}

// A GetDealRequest: field 1, "deals/tea".
const message = Buffer.concat([Buffer.from([0x0a, 9]), Buffer.from('deals/tea')]);
const framed = frame(message).toString('base64');

/** A call by gRPC-Web with binary messages. */
function byGrpcWeb(method: string, more: Partial<CaseRequest> = {}): CaseRequest {
  const headers = [
    ['content-type', 'application/grpc-web+proto'],
    ['x-grpc-web', '1'],
  ] as const;
  return { method: 'POST', path: `${customerService}/${method}`, headers, bytes: framed, ...more };
}

/** A unary call by Connect with binary messages. */
function byConnect(method: string, more: Partial<CaseRequest> = {}): CaseRequest {
  const headers = [
    ['content-type', 'application/proto'],
    ['connect-protocol-version', '1'],
  ] as const;
  return { method: 'POST', path: `${customerService}/${method}`, headers, bytes: message.toString('base64'), ...more };
}

/** Apps in browsers. */
export const browsers: readonly ConformanceCase[] = [
  {
    name: 'a preflight of an allowed origin',
    about: ['browsers.cors'],
    at: 'guarded',
    request: preflight(appOrigin),
    expect: { status: 200, headers: { 'access-control-allow-origin': appOrigin, 'access-control-max-age': '600' } },
    expectUpstream: 'untouched',
  },
  {
    name: 'a preflight of gRPC-Web and Connect',
    about: ['browsers.cors', 'browsers.grpc-web', 'browsers.connect'],
    at: 'guarded',
    request: {
      ...preflight(appOrigin, 'POST', 'authorization,content-type,x-grpc-web,grpc-timeout,connect-protocol-version'),
      path: `${customerService}/GetProfile`,
    },
    expect: {
      status: 200,
      headers: {
        'access-control-allow-origin': appOrigin,
        'access-control-allow-methods': /\bPOST\b/,
        'access-control-allow-headers': /content-type.*x-grpc-web.*connect-protocol-version/,
      },
    },
    expectUpstream: 'untouched',
  },
  {
    name: 'a preflight of another origin',
    about: ['browsers.cors'],
    at: 'guarded',
    request: preflight('https://evil.example'),
    expect: { status: 200, headers: { 'access-control-allow-origin': null } },
    expectUpstream: 'untouched',
  },
  {
    name: 'an origin that begins like an allowed one is another',
    about: ['browsers.cors'],
    at: 'guarded',
    request: preflight(`${appOrigin}.evil.example`),
    expect: { status: 200, headers: { 'access-control-allow-origin': null } },
    expectUpstream: 'untouched',
  },
  {
    name: 'an answer to a known origin says so',
    about: ['browsers.cors'],
    at: 'guarded',
    request: { method: 'GET', path: '/v1/deals/tea', headers: [['origin', appOrigin]] },
    expect: {
      status: 200,
      headers: {
        'access-control-allow-origin': appOrigin,
        'access-control-expose-headers': 'grpc-status,grpc-message,grpc-status-details-bin,traceparent,x-kumiko-revision',
      },
    },
  },
  {
    name: 'an answer to another origin says nothing',
    about: ['browsers.cors'],
    at: 'guarded',
    request: { method: 'GET', path: '/v1/deals/tea', headers: [['origin', 'http://localhost:5174']] },
    expect: { status: 200, headers: { 'access-control-allow-origin': null } },
  },
  {
    name: 'a rejection still has its CORS headers',
    about: ['browsers.cors', 'chain.order'],
    at: 'guarded',
    request: { method: 'GET', path: '/v1/profile', headers: [['origin', appOrigin]] },
    expect: { status: 401, headers: { 'access-control-allow-origin': appOrigin } },
    expectUpstream: 'untouched',
  },
  {
    name: 'a page of one’s own machine, locally',
    about: ['browsers.cors'],
    request: preflight('http://localhost:5173'),
    expect: { status: 200, headers: { 'access-control-allow-origin': 'http://localhost:5173' } },
    expectUpstream: 'untouched',
  },
  {
    name: 'a page that only seems to be of one’s own machine',
    about: ['browsers.cors'],
    request: preflight('http://localhost.evil.example'),
    expect: { status: 200, headers: { 'access-control-allow-origin': null } },
    expectUpstream: 'untouched',
  },

  {
    name: 'gRPC-Web, unary',
    about: ['browsers.grpc-web'],
    request: byGrpcWeb('GetDeal'),
    upstream: { reply: { name: 'deals/tea' } },
    expect: {
      status: 200,
      headers: { 'content-type': 'application/grpc-web+proto' },
      body: /deals\/tea\ufffd[\s\S]{4}grpc-status:0\r\n$/,
    },
    expectUpstream: { path: `${customerService}/GetDeal`, message: { name: 'deals/tea' }, headers: { 'content-type': 'application/grpc' } },
  },
  {
    name: 'gRPC-Web, a stream with an error behind it',
    about: ['browsers.grpc-web'],
    request: byGrpcWeb('WatchGroup', { token: customer }),
    upstream: { stream: [{ resumeToken: 'first' }, { resumeToken: 'second' }], error: { code: 14, message: 'gone' } },
    expect: { status: 200, body: /first[\s\S]*second[\s\S]*grpc-status:14\r\ngrpc-message:gone\r\n/ },
  },
  {
    name: 'gRPC-Web without a token',
    about: ['browsers.grpc-web', 'chain.order'],
    request: byGrpcWeb('GetProfile'),
    // Unlike to gRPC: clients in browsers take either.
    expect: { status: 401, headers: { 'grpc-status': '16', 'grpc-message': 'Jwt is missing', 'content-type': /^application\/grpc-web/ } },
    expectUpstream: 'untouched',
  },
  {
    name: 'gRPC-Web by somebody else’s token',
    about: ['browsers.grpc-web'],
    request: byGrpcWeb('GetProfile', { token: { as: 'partner' } }),
    expect: { status: 401, headers: { 'grpc-status': '16' } },
    expectUpstream: 'untouched',
  },
  {
    name: 'Connect, unary with a binary message',
    about: ['browsers.connect'],
    request: byConnect('GetDeal'),
    upstream: { reply: { name: 'deals/tea' } },
    expect: { status: 200, body: '\n\tdeals/tea', headers: { 'content-type': 'application/proto' } },
    expectUpstream: {
      path: `${customerService}/GetDeal`,
      message: { name: 'deals/tea' },
      headers: { 'content-type': 'application/grpc+proto' },
    },
  },
  {
    name: 'Connect, an error of the service',
    about: ['browsers.connect'],
    request: byConnect('GetProfile', { token: customer }),
    upstream: { error: { code: 5, message: 'no profile' } },
    // The message stays as it is written in gRPC's trailers: percent-encoded.
    expect: {
      status: 404,
      body: { json: { code: 'not_found', message: 'no%20profile' } },
      headers: { 'content-type': 'application/json' },
    },
  },
  {
    name: 'Connect without a token',
    about: ['browsers.connect', 'chain.order'],
    request: byConnect('GetProfile'),
    expect: { status: 401 },
    expectUpstream: 'untouched',
  },
  {
    name: 'Connect with JSON reaches the service as it is, in no other form than gRPC',
    about: ['browsers.connect'],
    request: {
      method: 'POST',
      path: `${customerService}/GetProfile`,
      headers: [
        ['content-type', 'application/json'],
        ['connect-protocol-version', '1'],
      ],
      token: customer,
      body: '{}',
    },
    expect: { status: 200 },
    expectUpstream: { path: `${customerService}/GetProfile`, headers: { 'content-type': 'application/grpc+json' } },
  },
];
