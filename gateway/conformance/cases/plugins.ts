import { audienceOf } from '../../../services/platform/contracts/identities.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { project } from '../tokens.ts';

const customer = { as: 'customer' } as const;
const get = { method: 'GET', path: '/v1/deals' } as const;
const trap = { method: 'GET', path: '/', headers: [['x-trap', '1']] } as const;

/** What our own filters need of Envoy. */
export const plugins: readonly ConformanceCase[] = [
  {
    name: 'a REST request brings a token for the service of its method’s route',
    about: ['wasm.token'],
    request: { method: 'GET', path: '/v1/partner/deals', token: { as: 'partner' } },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.partner.v1.PartnerService/ListDeals', audience: audienceOf('partner', project) },
  },
  {
    name: 'a native call brings a token for the service of its route',
    about: ['wasm.token'],
    request: { method: 'POST', path: '/kumiko.webhook.v1.WebhookService/ReceiveShipmentEvent', grpc: {} },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.webhook.v1.WebhookService/ReceiveShipmentEvent', audience: audienceOf('webhook', project) },
  },
  {
    name: 'without a token of the gateway a REST request is refused',
    about: ['wasm.token', 'wasm.refusal', 'local-replies.json'],
    at: 'limited',
    request: { method: 'POST', path: '/v1/webhooks/payments/yamapay', body: '{}' },
    expect: { status: 503, body: /^\{"code":14,"details":\[\],"message":".+"\}/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'without a token of the gateway a native call is refused',
    about: ['wasm.token', 'wasm.refusal', 'local-replies.grpc'],
    at: 'limited',
    request: { method: 'POST', path: '/kumiko.webhook.v1.WebhookService/ReceivePaymentEvent', grpc: {} },
    expect: { status: 200, grpcStatus: 14 },
    expectUpstream: 'untouched',
  },
  {
    name: 'where one service’s token is missing, others’ requests go on',
    about: ['wasm.refusal'],
    at: 'limited',
    request: { ...get, headers: [['x-forwarded-for', '203.0.113.200, 198.51.100.1']] },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/ListDeals', audience: audienceOf('customer', project) },
  },
  {
    name: 'a request that ends at no service needs no token of the gateway',
    about: ['wasm.token'],
    at: 'limited',
    request: { method: 'GET', path: '/v1/nothing', token: customer },
    expect: { status: 404 },
    expectUpstream: 'untouched',
  },
  {
    name: 'a plugin that traps refuses its request',
    about: ['wasm.failure-policy'],
    at: 'trapping',
    request: { ...trap, protocols: ['HTTP/1.1'] },
    expect: { status: 503 },
  },
  {
    name: 'a plugin that has trapped is made anew',
    about: ['wasm.failure-policy'],
    at: 'trapping',
    within: 10_000,
    request: { method: 'GET', path: '/', protocols: ['HTTP/1.1'] },
    expect: { status: 200, body: 'ok' },
  },
];
