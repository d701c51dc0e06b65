import type { ConformanceCase } from '../conformance-case.ts';

/** That the filters stand in the order of http-connection-manager.ts. */
export const chain: readonly ConformanceCase[] = [
  {
    name: 'a health check comes before every check of callers',
    about: ['chain.order', 'operations.health-check'],
    at: 'jobs',
    request: { method: 'GET', path: '/health' },
    expect: { status: 200 },
    expectUpstream: 'untouched',
  },
  {
    name: 'a token is checked before a body is parsed',
    about: ['chain.order'],
    request: { method: 'POST', path: '/v1/groups', body: '{"broken' },
    expect: { status: 401 },
    expectUpstream: 'untouched',
  },
  {
    name: 'a body is parsed before rbac',
    about: ['chain.order'],
    at: 'jobs',
    request: { method: 'POST', path: '/v1/nothing', token: { as: 'queue', claims: { email: 'mallory@evil.example' } }, body: {} },
    expect: { status: 404, body: /Could not resolve/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'a denied caller costs no token of the gateway',
    about: ['chain.order'],
    at: 'jobs',
    request: { method: 'POST', path: '/v1/schedules/relay-outbox', token: { as: 'queue' }, body: {} },
    expect: { status: 403 },
    expectUpstream: 'untouched',
  },
];
