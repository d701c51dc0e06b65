import type { ConformanceCase } from '../conformance-case.ts';

const customer = { as: 'customer' } as const;
const failing = { before: ['/healthcheck/fail'], after: ['/healthcheck/ok'] };
const draining = { before: ['/healthcheck/fail', '/drain_listeners?graceful'], after: [] };
const keptAlive = 'GET /v1/profile HTTP/1.1\r\nhost: g\r\n\r\n';

/** Health checks, and the end of an instance as deploy/docker/gateway-entrypoint.sh brings it about. The cases of a draining gateway stand in its order. */
export const operations: readonly ConformanceCase[] = [
  {
    name: 'the health check needs no token',
    about: ['operations.health-check', 'chain.order'],
    request: { method: 'GET', path: '/health' },
    expect: { status: 200 },
    expectUpstream: 'untouched',
  },
  {
    name: 'the health check of the jobs gateway',
    about: ['operations.health-check'],
    at: 'jobs',
    request: { method: 'GET', path: '/health' },
    expect: { status: 200 },
    expectUpstream: 'untouched',
  },
  {
    name: 'a gateway that is told to fail its health check',
    about: ['operations.health-check'],
    admin: failing,
    request: { method: 'GET', path: '/health' },
    expect: { status: 503 },
    expectUpstream: 'untouched',
  },
  {
    name: 'other requests go on meanwhile',
    about: ['operations.health-check'],
    admin: failing,
    request: { method: 'GET', path: '/v1/profile', token: customer },
    expect: { status: 200 },
  },
  {
    name: 'while a gateway drains, requests are served',
    about: ['operations.drain'],
    at: 'draining',
    admin: draining,
    request: { method: 'GET', path: '/v1/profile', token: customer },
    expect: { status: 200 },
  },
  {
    name: 'while a gateway drains, HTTP/1.1 clients are told to close',
    about: ['operations.drain'],
    at: 'draining',
    admin: draining,
    http1: [keptAlive],
    expect: { statuses: [401], answer: /\r\nconnection: close\r\n/ },
  },
  {
    name: 'while a gateway drains, HTTP/2 connections are told to go',
    about: ['operations.drain'],
    at: 'draining',
    admin: draining,
    http2: [
      {
        open: [
          [':method', 'GET'],
          [':scheme', 'http'],
          [':authority', 'g'],
          [':path', '/v1/profile'],
        ],
      },
    ],
    expect: { closes: true },
  },
  {
    name: 'a gateway that has drained takes no connections',
    about: ['operations.drain'],
    at: 'draining',
    admin: draining,
    within: 8_000,
    http1: [keptAlive],
    expect: { refused: true },
  },
];
