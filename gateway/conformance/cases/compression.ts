import type { CaseRequest, ConformanceCase } from '../conformance-case.ts';

const long = { name: 'deals/tea', title: 'x'.repeat(2000) };

function accepting(encodings: string): CaseRequest {
  return { method: 'GET', path: '/v1/deals/tea', headers: [['accept-encoding', encodings]] };
}

/** What answers weigh. */
export const compression: readonly ConformanceCase[] = [
  {
    name: 'a transcoded answer is compressed: gzip sees JSON',
    about: ['filters.compressor', 'chain.order'],
    request: accepting('gzip'),
    upstream: { reply: long },
    expect: {
      status: 200,
      headers: { 'content-encoding': 'gzip', 'content-type': 'application/json', 'content-length': null, vary: /accept-encoding/i },
    },
  },
  {
    name: 'without a preference the answer is compressed by brotli',
    about: ['filters.compressor'],
    request: accepting('gzip, deflate, br, zstd'),
    upstream: { reply: long },
    expect: { status: 200, headers: { 'content-encoding': 'br', vary: /accept-encoding/i } },
  },
  {
    name: 'a preference counts',
    about: ['filters.compressor'],
    request: accepting('br;q=0.5, gzip'),
    upstream: { reply: long },
    expect: { status: 200, headers: { 'content-encoding': 'gzip' } },
  },
  {
    name: 'a client that takes no compression gets none, and caches are told',
    about: ['filters.compressor'],
    request: accepting('gzip;q=0, identity'),
    upstream: { reply: long },
    expect: { status: 200, body: { json: long }, headers: { 'content-encoding': null, vary: /accept-encoding/i } },
  },
  {
    name: 'a short answer is not compressed',
    about: ['filters.compressor'],
    request: accepting('gzip, br'),
    upstream: { reply: { name: 'deals/tea' } },
    expect: { status: 200, body: { json: { name: 'deals/tea' } }, headers: { 'content-encoding': null } },
  },
  {
    name: 'native gRPC is not compressed by the gateway',
    about: ['filters.compressor'],
    request: { method: 'POST', path: '/kumiko.customer.v1.CustomerService/GetDeal', headers: [['accept-encoding', 'gzip, br']], grpc: {} },
    upstream: { reply: long },
    expect: { status: 200, messages: [long], headers: { 'content-encoding': null } },
  },
];
