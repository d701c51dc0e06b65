import { audienceOf } from '../../../services/platform/contracts/identities.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { spoofedHeaders, strippedHeaders } from '../spoofed-headers.ts';
import { project } from '../tokens.ts';

const customer = { as: 'customer' } as const;
const service = '/kumiko.customer.v1.CustomerService';

const reflection = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
const health = '/grpc.health.v1.Health/Check';
// An empty message: neither is of our descriptor set.
const answered = { raw: 'AAAAAAA=', headers: { 'content-type': 'application/grpc' }, trailers: { 'grpc-status': '0' } };

function introspection(path: string, audience: string): readonly ConformanceCase[] {
  return [
    {
      name: `${path} on a laptop`,
      about: ['native.introspection', 'hcm.early-strip'],
      request: { method: 'POST', path, headers: spoofedHeaders, grpc: {} },
      upstream: answered,
      expect: { status: 200 },
      expectUpstream: { path, audience, headers: strippedHeaders(undefined) },
    },
    {
      name: `${path} in production, without a token`,
      about: ['native.introspection'],
      at: 'guarded',
      request: { method: 'POST', path, grpc: {} },
      expect: { status: 200, grpcStatus: 16 },
      expectUpstream: 'untouched',
    },
    {
      name: `${path} in production, with a token`,
      about: ['native.introspection'],
      at: 'guarded',
      request: { method: 'POST', path, token: { as: 'operator' }, grpc: {} },
      expect: { status: 200, grpcStatus: 12 },
      expectUpstream: 'untouched',
    },
    {
      name: `${path} at the jobs gateway`,
      about: ['native.introspection'],
      at: 'jobs',
      request: { method: 'POST', path, token: { as: 'queue' }, grpc: {} },
      expect: { status: 200, grpcStatus: 12 },
      expectUpstream: 'untouched',
    },
  ];
}

/** gRPC clients go through untouched. */
export const nativeGrpc: readonly ConformanceCase[] = [
  ...introspection(reflection, audienceOf('customer', project)),
  ...introspection(health, audienceOf('customer', project)),
  {
    name: 'a unary call',
    about: ['native.pass-through'],
    request: { method: 'POST', path: `${service}/GetDeal`, grpc: { name: 'deals/tea' } },
    upstream: { reply: { name: 'deals/tea' } },
    expect: { status: 200, headers: { 'content-type': 'application/grpc' }, messages: [{ name: 'deals/tea' }] },
    expectUpstream: { path: `${service}/GetDeal`, message: { name: 'deals/tea' }, headers: { 'x-envoy-original-path': null } },
  },
  {
    name: 'an error with its message',
    about: ['native.pass-through'],
    request: { method: 'POST', path: `${service}/GetProfile`, token: customer, grpc: {} },
    upstream: { error: { code: 9, message: 'full' } },
    expect: { status: 200, grpcStatus: 9, grpcMessage: 'full' },
  },
  {
    name: 'a server stream with an error behind it',
    about: ['native.pass-through'],
    request: { method: 'POST', path: `${service}/WatchGroup`, token: customer, grpc: { name: 'groups/g1' } },
    upstream: { stream: [{ resumeToken: '1' }, { resumeToken: '2' }], error: { code: 14, message: 'gone' } },
    expect: { status: 200, grpcStatus: 14, grpcMessage: 'gone', messages: [{ resumeToken: '1' }, { resumeToken: '2' }] },
  },
  {
    name: 'a deadline that the client asks for is capped and passed on',
    about: ['router.deadlines'],
    request: { method: 'POST', path: `${service}/GetDeal`, headers: [['grpc-timeout', '1H']], grpc: {} },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/GetDeal`, headers: { 'grpc-timeout': '6000m' } },
  },
  {
    name: 'a deadline that passes',
    about: ['router.deadlines'],
    request: { method: 'POST', path: `${service}/GetDeal`, headers: [['grpc-timeout', '50m']], grpc: {} },
    upstream: { silent: true },
    expect: { status: 200, grpcStatus: 4, grpcMessage: 'downstream duration timeout' },
  },
  {
    name: 'a partner by gRPC',
    about: ['native.pass-through'],
    request: { method: 'POST', path: '/kumiko.partner.v1.PartnerService/ListDeals', token: { as: 'partner' }, grpc: {} },
    expect: { status: 200, messages: [{}] },
    expectUpstream: { path: '/kumiko.partner.v1.PartnerService/ListDeals' },
  },
  {
    name: 'trailers of a request',
    about: ['native.pass-through'],
    request: { method: 'POST', path: `${service}/GetDeal`, grpc: {}, trailers: { 'x-sum': '9' } },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/GetDeal`, trailers: { 'x-sum': '9' } },
  },
];
