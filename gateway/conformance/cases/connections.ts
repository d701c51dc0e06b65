import type { ConformanceCase, Http2Step } from '../conformance-case.ts';

const head = 'GET /v1/deals/tea HTTP/1.1\r\nhost: gateway\r\n';
const last = 'connection: close\r\n\r\n';
const request = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'gateway'],
  [':path', '/v1/profile'],
] as const;
const protectedRequest: Http2Step = { open: request };
const refused = [400] as const;
/** HPACK (RFC 7541 6.2.2): "x-a: 1". */
const trailer = Buffer.from([0, 3, ...Buffer.from('x-a'), 1, ...Buffer.from('1')]).toString('base64');

function http1(name: string, about: ConformanceCase['about'], bytes: string, statuses: readonly number[] = refused): ConformanceCase {
  return { name, about, http1: [bytes], expect: { statuses: [statuses] } };
}

/** What a client does to the connection itself. Whatever it is, nothing of it reaches a service and other clients are served on. */
export const connections: readonly ConformanceCase[] = [
  http1('a bare NUL in the path', ['attack.nul'], `GET /v1/deals/a\0b HTTP/1.1\r\nhost: g\r\n${last}`),
  http1('a NUL in a header', ['attack.nul'], `${head}x-a: a\0b\r\n${last}`),
  http1('a bare backslash is a slash', ['attack.backslash', 'hcm.paths'], `GET /v1\\profile HTTP/1.1\r\nhost: g\r\n${last}`, [401, 400]),
  http1(
    'dot segments with backslashes',
    ['attack.backslash', 'attack.dot-segments'],
    `GET /v1/deals\\..\\profile HTTP/1.1\r\nhost: g\r\n${last}`,
    [401, 400],
  ),
  http1(
    'two lengths',
    ['attack.smuggling'],
    `POST /v1/groups HTTP/1.1\r\nhost: g\r\ncontent-length: 3\r\ncontent-length: 4\r\n${last}abcd`,
  ),
  http1(
    'a length and chunks',
    ['attack.smuggling'],
    `POST /v1/groups HTTP/1.1\r\nhost: g\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n${last}0\r\n\r\n`,
  ),
  http1(
    'an encoding that is unknown',
    ['attack.smuggling'],
    `POST /v1/groups HTTP/1.1\r\nhost: g\r\ntransfer-encoding: chunked, cow\r\n${last}0\r\n\r\n`,
    [400, 501],
  ),
  http1('a space before a colon', ['attack.smuggling'], `${head}x-a : 1\r\n${last}`),

  http1('no host', ['attack.smuggling'], 'GET /v1/deals/tea HTTP/1.1\r\nconnection: close\r\n\r\n'),

  http1('bytes that are no UTF-8 in the path', ['attack.utf-8'], `GET /v1/deals/\xff\xfe HTTP/1.1\r\nhost: g\r\n${last}`),
  http1('a request to become a WebSocket', ['attack.tunnels'], `${head}upgrade: websocket\r\nconnection: upgrade\r\n\r\n`, [403]),
  http1('a tunnel without an authority', ['attack.tunnels'], 'CONNECT HTTP/1.1\r\n\r\n'),
  {
    name: 'a tunnel leads nowhere',
    about: ['attack.tunnels'],
    http2: [
      {
        open: [
          [':method', 'CONNECT'],
          [':authority', '127.0.0.1:80'],
        ],
      },
    ],
    expect: { closes: false },
  },
  http1('bytes that are no HTTP', ['attack.utf-8'], '\xff\xfe\x00\x01\r\n\r\n'),
  // No host chooses anything here, and upstreams get their own.
  { ...http1('two hosts are one request', ['attack.smuggling'], `${head}host: another\r\n${last}`, [200]), upstreamAtMost: 1 },
  { ...http1('a header that is folded is one header', ['attack.smuggling'], `${head}x-a: 1\r\n b\r\n${last}`, [200]), upstreamAtMost: 1 },
  {
    name: 'a broken chunk',
    about: ['attack.smuggling', 'attack.body-limit'],
    http1: [`POST /v1/webhooks/payments/yamapay HTTP/1.1\r\nhost: g\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n`],
    expect: { statuses: [[400, 401]], closes: true },
  },
  {
    name: 'headers over the limit of 60 KiB',
    about: ['attack.oversized-headers', 'hcm.edge-limits'],
    http1: [`GET /v1/deals HTTP/1.1\r\nhost: g\r\nx-long: ${'a'.repeat(70_000)}\r\n\r\n`],
    expect: { statuses: [431], closes: true },
  },
  {
    name: 'two requests on one connection are two',
    about: ['attack.smuggling'],
    http1: [`GET /v1/profile HTTP/1.1\r\nhost: g\r\n\r\nGET /v1/orders HTTP/1.1\r\nhost: g\r\n${last}`],
    expect: { statuses: [401, 401], closes: true },
  },
  {
    name: 'rapid reset',
    about: ['attack.rapid-reset'],
    http2: [{ open: request, reset: true, times: 3000 }, { waitMs: 100 }],
    expect: { closes: true },
  },
  {
    name: 'a few resets are no attack',
    about: ['attack.rapid-reset'],
    http2: [{ open: request, reset: true, times: 10 }, { waitMs: 100 }],
    expect: { closes: false },
  },
  {
    name: 'a flood of streams',
    about: ['attack.stream-flood'],
    http2: [{ open: request, times: 1000 }, { waitMs: 100 }],
    expect: {},
  },
  {
    name: 'a flood of PINGs',
    about: ['attack.stream-flood'],
    http2: [{ frame: { type: 6, payload: 'AAAAAAAAAAA=' }, times: 50_000 }, { waitMs: 100 }],
    expect: {},
  },
  {
    name: 'a flood of SETTINGS',
    about: ['attack.stream-flood'],
    http2: [{ frame: { type: 4 }, times: 50_000 }, { waitMs: 100 }],
    expect: {},
  },
  {
    name: 'headers that go on in empty CONTINUATION frames',
    about: ['attack.stream-flood', 'attack.oversized-headers'],
    http2: [{ frame: { type: 1, flags: 0, stream: 1 } }, { frame: { type: 9, flags: 0, stream: 1 }, times: 20_000 }, { waitMs: 100 }],
    expect: { closes: true },
  },
  {
    name: 'data on a stream that is not open',
    about: ['attack.stream-flood'],
    http2: [{ frame: { type: 0, flags: 1, stream: 7, payload: 'AAAA' } }],
    expect: { closes: true },
  },
  {
    name: 'trailers that do not end their stream',
    about: ['attack.stream-states'],
    http2: [{ open: request, end: false }, { frame: { type: 1, flags: 4, stream: 1, payload: trailer } }],
    expect: { closes: true },
  },
  {
    name: 'data on a stream that the client has ended',
    about: ['attack.stream-states'],
    http2: [{ open: request }, { data: 'AAAA' }],
    expect: {},
  },
  {
    name: 'headers on a stream that the client has ended',
    about: ['attack.stream-states'],
    http2: [{ open: request }, { frame: { type: 1, flags: 5, stream: 1, payload: trailer } }],
    expect: {},
  },
  {
    name: 'more Host headers than there may be, all of them right',
    about: ['attack.oversized-headers'],
    http2: [{ open: [...request, ...Array.from({ length: 1000 }, () => ['host', 'gateway'] as const)] }],
    expect: { closes: true },
  },
  {
    name: 'cookies that are too many',
    about: ['attack.oversized-headers'],
    http2: [{ open: [...request, ...Array.from({ length: 200 }, (_, i) => ['cookie', `c${i}=1`] as const)] }],
    expect: {},
  },
  {
    name: 'a window that overflows',
    about: ['attack.stream-flood'],
    http2: [{ frame: { type: 8, payload: 'f////w==' }, times: 2 }],
    expect: { closes: true },
  },
  {
    name: 'a frame that is too short for its kind',
    about: ['attack.grpc-frames'],
    http2: [{ frame: { type: 3, stream: 1, payload: 'AA==' } }],
    expect: { closes: true },
  },
  {
    name: 'a header in capitals',
    about: ['attack.smuggling'],
    http2: [{ open: [...request, ['X-Upper', '1']] }],
    expect: {},
  },
  {
    name: 'a header of connections in HTTP/2',
    about: ['attack.smuggling'],
    http2: [{ open: [...request, ['transfer-encoding', 'chunked']] }],
    expect: {},
  },
  {
    name: 'two paths in HTTP/2',
    about: ['attack.smuggling'],
    http2: [{ open: [...request, [':path', '/v1/deals/tea']] }],
    expect: {},
  },
  {
    name: 'a request that was not let in leaves its connection open',
    about: ['hcm.edge-limits'],
    http2: [protectedRequest],
    expect: { closes: false },
  },
];
