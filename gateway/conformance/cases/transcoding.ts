import type { ConformanceCase } from '../conformance-case.ts';

const customer = { as: 'customer' } as const;
const requestId = '7d3c8a52-3a5c-4d5e-9f43-0e4a3f3f1c11';
const service = '/kumiko.customer.v1.CustomerService';

/** How requests become messages. */
export const transcoding: readonly ConformanceCase[] = [
  {
    name: 'a path variable of two segments',
    about: ['transcoder.rewrite', 'transcoder.variables', 'upstream.authority'],
    request: { method: 'GET', path: '/v1/deals/tea' },
    upstream: { reply: { name: 'deals/tea', available: '12', price: { currencyCode: 'JPY', units: '1200' } } },
    expect: {
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=5', 'grpc-status': '0' },
      body: { json: { name: 'deals/tea', available: '12', price: { currencyCode: 'JPY', units: '1200' } } },
    },
    expectUpstream: {
      path: `${service}/GetDeal`,
      message: { name: 'deals/tea' },
      headers: { 'content-type': 'application/grpc', te: 'trailers', 'x-envoy-original-path': '/v1/deals/tea', 'content-length': null },
    },
  },
  {
    name: 'a trailing slash is dropped',
    about: ['transcoder.paths'],
    request: { method: 'GET', path: '/v1/deals/tea/' },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/GetDeal`, message: { name: 'deals/tea' } },
  },
  {
    name: 'escapes in a variable: unreserved characters are decoded, reserved ones stay',
    about: ['transcoder.variables'],
    request: { method: 'GET', path: '/v1/deals/t%C3%A9%3Aa%20b' },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/GetDeal`, message: { name: 'deals/té%3Aa b' } },
  },
  {
    name: 'query parameters by both spellings, a space as + or %20',
    about: ['transcoder.query', 'transcoder.spellings'],
    request: { method: 'GET', path: '/v1/deals?page_size=5&pageToken=a%2Bb+c&order_by=a%20b' },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/ListDeals`, message: { pageSize: 5, pageToken: 'a+b c', orderBy: 'a b' } },
  },
  {
    name: 'a parameter without "=" is ignored',
    about: ['transcoder.query'],
    request: { method: 'GET', path: '/v1/deals?page_size' },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/ListDeals`, message: {} },
  },
  {
    name: 'a query parameter wins over the path, and the path that was asked for is told: the service’s to refuse',
    about: ['transcoder.query', 'transcoder.rewrite'],
    request: { method: 'POST', path: '/v1/orders/a:cancel?name=orders/b', token: customer, body: {} },
    expect: { status: 200 },
    expectUpstream: {
      path: `${service}/CancelOrder`,
      message: { name: 'orders/b' },
      headers: { 'x-envoy-original-path': '/v1/orders/a:cancel?name=orders/b' },
    },
  },
  {
    name: 'the name of a query parameter is decoded before it is looked for',
    about: ['transcoder.query'],
    request: { method: 'POST', path: '/v1/orders/a:cancel?na%6De=orders/b', token: customer, body: {} },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/CancelOrder`, message: { name: 'orders/b' } },
  },
  {
    name: 'an unknown query parameter',
    about: ['transcoder.query', 'transcoder.unknown'],
    request: { method: 'GET', path: '/v1/deals?colour=red' },
    expect: { status: 400, body: /Could not find field \\"colour\\" in the type/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'a query parameter of the wrong type',
    about: ['transcoder.query'],
    request: { method: 'GET', path: '/v1/deals?page_size=many' },
    expect: { status: 400 },
    expectUpstream: 'untouched',
  },
  {
    name: 'a whole body',
    about: ['transcoder.body'],
    request: { method: 'POST', path: '/v1/groups', token: customer, body: { deal: 'deals/tea', quantity: 2, requestId } },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/OpenGroup`, message: { deal: 'deals/tea', quantity: 2, requestId } },
  },
  {
    name: 'a custom verb with a variable and a body',
    about: ['transcoder.paths', 'transcoder.body'],
    request: { method: 'POST', path: '/v1/groups/g1:join', token: customer, body: { quantity: 1, request_id: requestId } },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/JoinGroup`, message: { name: 'groups/g1', quantity: 1, requestId } },
  },
  {
    name: 'a body in one field, a field mask in the query',
    about: ['transcoder.body'],
    request: {
      method: 'PATCH',
      path: '/v1/profile?update_mask=displayName,shippingAddress',
      token: customer,
      body: { displayName: 'Alice' },
    },
    expect: { status: 200 },
    expectUpstream: {
      path: `${service}/UpdateProfile`,
      message: { profile: { displayName: 'Alice' }, updateMask: 'displayName,shippingAddress' },
    },
  },
  {
    name: 'an empty body is {}',
    about: ['transcoder.body'],
    request: { method: 'POST', path: '/v1/groups', token: customer, body: '' },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/OpenGroup`, message: {} },
  },
  {
    name: 'unknown JSON fields are ignored, at every depth',
    about: ['transcoder.body'],
    request: {
      method: 'PATCH',
      path: '/v1/profile',
      token: customer,
      body: { displayName: 'A', colour: 1, shippingAddress: { regionCode: 'JP', x: {} } },
    },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/UpdateProfile`, message: { profile: { displayName: 'A', shippingAddress: { regionCode: 'JP' } } } },
  },
  {
    name: 'both spellings of a field: the last wins',
    about: ['transcoder.spellings'],
    request: { method: 'POST', path: '/v1/groups', token: customer, body: { request_id: 'first', requestId: 'second' } },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/OpenGroup`, message: { requestId: 'second' } },
  },
  {
    name: 'numbers as text',
    about: ['transcoder.body'],
    request: { method: 'POST', path: '/v1/groups', token: customer, body: { quantity: '2' } },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/OpenGroup`, message: { quantity: 2 } },
  },
  {
    name: 'a binding that the body contradicts',
    about: ['transcoder.body'],
    request: { method: 'POST', path: '/v1/groups/g1:join', token: customer, body: { name: 'groups/g2' } },
    expect: { status: 400, body: /conflicting with the value/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'a binding that the body repeats',
    about: ['transcoder.body'],
    request: { method: 'POST', path: '/v1/groups/g1:join', token: customer, body: { name: 'groups/g1' } },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/JoinGroup`, message: { name: 'groups/g1' } },
  },
  {
    name: 'no JSON',
    about: ['transcoder.body'],
    request: { method: 'POST', path: '/v1/groups', token: customer, body: '{"deal": ' },
    expect: { status: 400, body: /"code":3/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'JSON of another shape',
    about: ['transcoder.body'],
    request: { method: 'POST', path: '/v1/groups', token: customer, body: { deal: { a: 1 } } },
    expect: { status: 400 },
    expectUpstream: 'untouched',
  },
  {
    name: 'raw bytes as HttpBody',
    about: ['transcoder.http-body'],
    request: {
      method: 'POST',
      path: '/v1/webhooks/payments/yamapay',
      headers: [
        ['content-type', 'application/json; charset=utf-8'],
        ['yamapay-signature', 't=1,v1=ab'],
      ],
      body: '{"id": "evt_1",  "data":{}}',
    },
    expect: { status: 200, body: { json: {} } },
    expectUpstream: {
      path: '/kumiko.webhook.v1.WebhookService/ReceivePaymentEvent',
      message: {
        provider: 'yamapay',
        payload: { contentType: 'application/json; charset=utf-8', data: 'eyJpZCI6ICJldnRfMSIsICAiZGF0YSI6e319' },
      },
      headers: { 'yamapay-signature': 't=1,v1=ab' },
    },
  },
  {
    name: 'the wrong HTTP method maps to nothing',
    about: ['transcoder.unknown'],
    request: { method: 'DELETE', path: '/v1/deals/tea', token: customer },
    expect: { status: 404, body: /Could not resolve/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'literals compare by case',
    about: ['transcoder.paths', 'transcoder.unknown'],
    request: { method: 'GET', path: '/v1/DEALS/tea', token: customer },
    expect: { status: 404, body: /Could not resolve/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'an unknown verb is part of the variable',
    about: ['transcoder.paths'],
    request: { method: 'GET', path: '/v1/deals/tea:unknown' },
    expect: { status: 200 },
    expectUpstream: { path: `${service}/GetDeal`, message: { name: 'deals/tea:unknown' } },
  },
  {
    name: 'a variable of one segment is decoded whole',
    about: ['transcoder.variables'],
    request: { method: 'POST', path: '/v1/webhooks/payments/a%3Ab%20c', body: '{}' },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.webhook.v1.WebhookService/ReceivePaymentEvent', fields: { provider: 'a:b c' } },
  },
  {
    name: 'a form as HttpBody',
    about: ['transcoder.http-body'],
    request: {
      method: 'POST',
      path: '/v1/partner/token',
      headers: [['content-type', 'application/x-www-form-urlencoded']],
      body: 'grant_type=client_credentials&a=b+c',
    },
    expect: { status: 200 },
    expectUpstream: {
      path: '/kumiko.partner.v1.PartnerTokenService/ExchangeToken',
      message: {
        form: {
          contentType: 'application/x-www-form-urlencoded',
          data: Buffer.from('grant_type=client_credentials&a=b+c').toString('base64'),
        },
      },
    },
  },
  {
    name: 'HttpBody as the answer',
    about: ['transcoder.http-body'],
    request: { method: 'GET', path: '/v1/partner/jwks.json' },
    upstream: { reply: { contentType: 'application/jwk-set+json', data: Buffer.from('{"keys":[]}').toString('base64') } },
    expect: { status: 200, body: '{"keys":[]}', headers: { 'content-type': 'application/jwk-set+json', 'content-length': '11' } },
  },
  {
    name: 'a client’s length and encodings mean nothing behind the transcoder',
    about: ['transcoder.rewrite'],
    request: { method: 'POST', path: '/v1/groups/g1:join', token: customer, body: { quantity: 1 } },
    expect: { status: 200 },
    expectUpstream: {
      path: `${service}/JoinGroup`,
      headers: {
        te: 'trailers',
        'content-length': null,
        'x-envoy-original-path': '/v1/groups/g1:join',
        'x-envoy-original-method': 'POST',
      },
    },
  },
];
