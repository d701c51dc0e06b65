import type { ConformanceCase } from '../conformance-case.ts';

const at = 'guarded';
const long = { name: 'deals/tea', title: 'x'.repeat(2000) };

/** Answers of production’s gateway. */
export const compression: readonly ConformanceCase[] = [
  {
    name: 'a transcoded answer is compressed: gzip sees JSON',
    about: ['filters.compressor', 'chain.order'],
    at,
    request: { method: 'GET', path: '/v1/deals/tea', headers: [['accept-encoding', 'gzip']] },
    upstream: { reply: long },
    expect: {
      status: 200,
      headers: { 'content-encoding': 'gzip', 'content-type': 'application/json', 'content-length': null, vary: /accept-encoding/i },
    },
  },
  {
    name: 'a client that takes no gzip gets none, and caches are told',
    about: ['filters.compressor'],
    at,
    request: { method: 'GET', path: '/v1/deals/tea', headers: [['accept-encoding', 'gzip;q=0, identity']] },
    upstream: { reply: long },
    expect: { status: 200, body: { json: long }, headers: { 'content-encoding': null, vary: /accept-encoding/i } },
  },
  {
    name: 'a short answer is not compressed',
    about: ['filters.compressor'],
    at,
    request: { method: 'GET', path: '/v1/deals/tea', headers: [['accept-encoding', 'gzip']] },
    upstream: { reply: { name: 'deals/tea' } },
    expect: { status: 200, body: { json: { name: 'deals/tea' } }, headers: { 'content-encoding': null } },
  },
  {
    name: 'native gRPC is not compressed by the gateway',
    about: ['filters.compressor'],
    at,
    request: { method: 'POST', path: '/kumiko.customer.v1.CustomerService/GetDeal', headers: [['accept-encoding', 'gzip']], grpc: {} },
    upstream: { reply: long },
    expect: { status: 200, messages: [long], headers: { 'content-encoding': null } },
  },
];
