import type { ConformanceCase, TokenSpec } from '../conformance-case.ts';

const asking = (tag: string): TokenSpec => ({ as: 'partner', claims: { kumiko_preview: { partner: tag } } });
const listDeals = '/kumiko.partner.v1.PartnerService/ListDeals';

/** Whom the gateway trusts behind it, and what it says of who is in front. */
export const upstreams: readonly ConformanceCase[] = [
  {
    name: 'a certificate of the right name and authority',
    about: ['upstream.tls', 'upstream.authority'],
    at: 'guarded',
    request: { method: 'GET', path: '/v1/partner/deals', token: { as: 'partner' } },
    expect: { status: 200 },
    expectUpstream: { path: listDeals, via: 'tls', headers: { ':authority': /^localhost:\d+$/, ':scheme': 'https' } },
  },
  {
    name: 'a certificate of another name',
    about: ['upstream.tls'],
    at: 'guarded',
    request: { method: 'GET', path: '/v1/partner/deals', token: asking('other-name') },
    expect: { status: 503, body: /remote connection failure/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'a certificate of another authority',
    about: ['upstream.tls'],
    at: 'guarded',
    request: { method: 'GET', path: '/v1/partner/deals', token: asking('other-authority') },
    expect: { status: 503, body: /remote connection failure/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'the authority of a request is the upstream’s',
    about: ['upstream.authority'],
    request: { method: 'GET', path: '/v1/profile', token: { as: 'customer' } },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetProfile', headers: { ':authority': /^127\.0\.0\.1:\d+$/ } },
  },
  {
    name: 'the client’s address, as the trusted proxies tell it',
    about: ['hcm.forwarding'],
    at: 'guarded',
    request: { method: 'GET', path: '/v1/deals/tea', headers: [['x-forwarded-for', '203.0.113.9, 198.51.100.1']] },
    expect: { status: 200 },
    expectUpstream: {
      path: '/kumiko.customer.v1.CustomerService/GetDeal',
      headers: {
        'x-forwarded-for': /^203\.0\.113\.9, 198\.51\.100\.1,\d+\.\d+\.\d+\.\d+$/,
        'x-forwarded-proto': 'https',
        ':scheme': 'https',
      },
    },
  },
  {
    name: 'without a trusted proxy its word about the scheme does not count',
    about: ['hcm.forwarding'],
    request: { method: 'GET', path: '/v1/deals/tea', headers: [['x-forwarded-proto', 'https']] },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetDeal', headers: { 'x-forwarded-proto': 'http', ':scheme': 'http' } },
  },
];
