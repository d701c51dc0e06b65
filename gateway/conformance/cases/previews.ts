import { audienceOf } from '../../../services/platform/contracts/identities.ts';
import type { ConformanceCase, TokenSpec } from '../conformance-case.ts';
import { project } from '../tokens.ts';

const at = 'guarded';
const asking: TokenSpec = { as: 'customer', claims: { kumiko_preview: { customer: 'pr-7' } } };
const getProfile = '/kumiko.customer.v1.CustomerService/GetProfile';
const audience = audienceOf('customer', project);

/** Tokens that ask for revisions without traffic. More of it, with the jobs gateway and strict edges: tests/preview-routing.test.ts. */
export const previews: readonly ConformanceCase[] = [
  {
    name: 'a preview has another address and the same audience',
    about: ['wasm.previews', 'wasm.token', 'upstream.authority', 'chain.order'],
    at,
    request: { method: 'GET', path: '/v1/profile', token: asking },
    expect: { status: 200, headers: { 'cache-control': 'no-store' } },
    expectUpstream: {
      path: getProfile,
      via: 'other',
      audience,
      headers: { 'x-kumiko-preview': 'customer=pr-7', 'x-kumiko-preview-customer': 'pr-7' },
    },
  },
  {
    name: 'a native call of the preview',
    about: ['wasm.previews', 'wasm.token'],
    at,
    request: { method: 'POST', path: getProfile, token: asking, grpc: {} },
    expect: { status: 200 },
    expectUpstream: { path: getProfile, via: 'other', audience },
  },
  {
    name: 'a preview that does not exist is the default',
    about: ['wasm.previews'],
    at,
    request: { method: 'GET', path: '/v1/profile', token: { as: 'customer', claims: { kumiko_preview: { customer: 'pr-8' } } } },
    expect: { status: 200 },
    expectUpstream: { path: getProfile, via: 'main', audience },
  },
  {
    name: 'a preview that a header asks for is not given',
    about: ['wasm.previews', 'attack.spoofed-headers', 'hcm.early-strip'],
    at,
    request: {
      method: 'GET',
      path: '/v1/profile',
      token: { as: 'customer' },
      headers: [
        ['x-kumiko-preview-customer', 'pr-7'],
        ['x-kumiko-preview', 'customer=pr-7'],
      ],
    },
    expect: { status: 200 },
    expectUpstream: { path: getProfile, via: 'main', headers: { 'x-kumiko-preview': null, 'x-kumiko-preview-customer': null } },
  },
  {
    name: 'what a token asks for wins over headers that a client sends once and again',
    about: ['wasm.previews', 'attack.spoofed-headers', 'hcm.early-strip'],
    at,
    request: {
      method: 'GET',
      path: '/v1/profile',
      token: asking,
      headers: [
        ['x-kumiko-preview-customer', 'pr-8'],
        ['x-kumiko-preview-customer', 'pr-9'],
      ],
    },
    expect: { status: 200 },
    expectUpstream: { path: getProfile, via: 'other', headers: { 'x-kumiko-preview-customer': 'pr-7' } },
  },
];
