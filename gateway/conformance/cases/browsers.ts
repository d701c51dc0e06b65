import type { ConformanceCase } from '../conformance-case.ts';

const origin = 'http://localhost:5173';
const preflight = (from: string) =>
  ({
    method: 'OPTIONS',
    path: '/v1/profile',
    headers: [
      ['origin', from],
      ['access-control-request-method', 'GET'],
    ],
  }) as const;

/** Apps in browsers. */
export const browsers: readonly ConformanceCase[] = [
  {
    name: 'a preflight of an allowed origin',
    about: ['browsers.cors'],
    request: preflight(origin),
    expect: { status: 200, headers: { 'access-control-allow-origin': origin, 'access-control-max-age': '600' } },
    expectUpstream: 'untouched',
  },
  {
    name: 'a preflight of another origin',
    about: ['browsers.cors'],
    request: preflight('http://evil.example'),
    expect: { status: 200, headers: { 'access-control-allow-origin': null } },
    expectUpstream: 'untouched',
  },
  {
    name: 'an answer to a known origin says so',
    about: ['browsers.cors'],
    request: { method: 'GET', path: '/v1/deals/tea', headers: [['origin', origin]] },
    expect: {
      status: 200,
      headers: { 'access-control-allow-origin': origin, 'access-control-expose-headers': 'grpc-status,grpc-message' },
    },
  },
  {
    name: 'an answer to another origin says nothing',
    about: ['browsers.cors'],
    request: { method: 'GET', path: '/v1/deals/tea', headers: [['origin', 'http://localhost:5174']] },
    expect: { status: 200, headers: { 'access-control-allow-origin': null } },
  },
  {
    name: 'a rejection still has its CORS headers',
    about: ['browsers.cors', 'chain.order'],
    request: { method: 'GET', path: '/v1/profile', headers: [['origin', origin]] },
    expect: { status: 401, headers: { 'access-control-allow-origin': origin } },
    expectUpstream: 'untouched',
  },
];
