import type { ConformanceCase, TokenSpec } from '../conformance-case.ts';
import type { Topic } from '../facts.ts';

const invalid = (path: string) => new RegExp(`^Bearer realm="http://127\\.0\\.0\\.1:\\d+${path}", error="invalid_token"$`);

/** The same fault by REST and by native gRPC, each in its own form. */
function refused(
  name: string,
  token: TokenSpec,
  status: 401 | 403,
  message: string,
  about: readonly Topic[] = ['jwt.order', 'jwt.challenge'],
): ConformanceCase[] {
  const code = status === 401 ? 16 : 7;
  return [
    {
      name: `REST: ${name}`,
      about,
      request: { method: 'GET', path: '/v1/profile', token },
      expect: { status, headers: { 'www-authenticate': invalid('/v1/profile') }, body: { json: { code, message, details: [] } } },
      expectUpstream: 'untouched',
    },
    {
      name: `gRPC: ${name}`,
      about,
      request: { method: 'POST', path: '/kumiko.customer.v1.CustomerService/GetProfile', token, grpc: {} },
      expect: { status: 200, grpcStatus: code, grpcMessage: message, body: '' },
      expectUpstream: 'untouched',
    },
  ];
}

/** Who is let in, and how others are told. */
export const tokens: readonly ConformanceCase[] = [
  {
    name: 'REST without a token',
    about: ['jwt.challenge', 'jwt.order', 'local-replies.json'],
    request: { method: 'GET', path: '/v1/profile' },
    expect: {
      status: 401,
      headers: { 'www-authenticate': /^Bearer realm="http:\/\/127\.0\.0\.1:\d+\/v1\/profile"$/, 'content-type': 'application/json' },
      body: { json: { code: 16, message: 'Jwt is missing', details: [] } },
    },
    expectUpstream: 'untouched',
  },
  {
    name: 'gRPC without a token',
    about: ['jwt.challenge', 'local-replies.grpc'],
    request: { method: 'POST', path: '/kumiko.customer.v1.CustomerService/GetProfile', grpc: {} },
    expect: { status: 200, grpcStatus: 16, grpcMessage: 'Jwt is missing', headers: { 'content-type': 'application/grpc' } },
    expectUpstream: 'untouched',
  },
  ...refused('an expired token', { as: 'customer', expiresIn: -120 }, 401, 'Jwt is expired'),
  ...refused('a token of the future', { as: 'customer', claims: { nbf: 4_102_444_800 } }, 401, 'Jwt not yet valid'),
  ...refused('a token for another audience', { as: 'customer', claims: { aud: 'another' } }, 403, 'Audiences in Jwt are not allowed', [
    'jwt.order',
    'jwt.audiences',
  ]),
  ...refused(
    'a token of an unknown issuer',
    { as: 'customer', claims: { iss: 'https://evil.example' } },
    401,
    "this takes a customer's token, and the one that came is of another issuer",
    ['jwt.order', 'jwt.whose'],
  ),
  ...refused(
    'a partner where customers go',
    { as: 'partner' },
    401,
    "this takes a customer's token, and the one that came is of another issuer",
    ['jwt.order', 'jwt.whose'],
  ),
  {
    name: 'an unknown path with a token of an unknown issuer',
    about: ['jwt.whose', 'jwt.rules'],
    request: { method: 'GET', path: '/v1/nothing', token: { as: 'customer', claims: { iss: 'https://evil.example' } } },
    expect: { status: 401, body: /this takes a token of one of our issuers, and the one that came is of another issuer/ },
    expectUpstream: 'untouched',
  },
  ...refused('a forged signature', { as: 'customer', signature: 'other-key' }, 401, 'Jwt verification fails'),
  ...refused('a garbled signature', { as: 'customer', signature: 'garbled' }, 401, 'Jwt verification fails'),
  ...refused('an unknown key id', { as: 'customer', kid: 'another' }, 401, "Jwks doesn't have key to match kid or alg from Jwt", [
    'jwt.jwks',
    'jwt.algorithms',
    'attack.kid',
  ]),
  ...refused(
    'alg none',
    { as: 'customer', signature: 'none' },
    401,
    'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
    ['jwt.algorithms', 'attack.alg-none'],
  ),
  ...refused(
    'the public key as HMAC secret',
    { as: 'customer', signature: 'hmac-with-public-key' },
    401,
    "Jwks doesn't have key to match kid or alg from Jwt",
    ['jwt.algorithms', 'attack.hs-rs-confusion'],
  ),
  ...refused('a signature that the platform took away', { as: 'customer', signature: 'removed-by-google' }, 401, 'Jwt verification fails', [
    'upstream.stripped-signature',
  ]),
  ...refused('a token without exp', { as: 'customer', claims: { exp: null } }, 401, 'Jwt verification fails'),
  ...refused('a token that lives too long', { as: 'customer', expiresIn: 90_000 }, 401, 'Jwt verification fails'),
  ...refused('a subject that is no text', { as: 'customer', claims: { sub: 7 } }, 401, 'Jwt payload [sub] field is not a string'),
  {
    name: 'a token that is none',
    about: ['jwt.order'],
    request: { method: 'GET', path: '/v1/profile', headers: [['authorization', 'Bearer abc']] },
    expect: {
      status: 401,
      body: { json: { code: 16, message: 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections', details: [] } },
    },
    expectUpstream: 'untouched',
  },
  {
    name: 'another scheme is no token',
    about: ['jwt.extraction'],
    request: { method: 'GET', path: '/v1/profile', headers: [['authorization', 'Basic YTpi']] },
    expect: { status: 401, body: /Jwt is missing/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'a token just within the clock skew',
    about: ['jwt.order'],
    request: { method: 'GET', path: '/v1/profile', token: { as: 'customer', expiresIn: -20 } },
    expect: { status: 200 },
  },
  {
    name: 'one audience of several, with a scheme and a slash',
    about: ['jwt.audiences'],
    request: { method: 'GET', path: '/v1/profile', token: { as: 'customer', claims: { aud: ['x', 'https://kumiko-local/'] } } },
    expect: { status: 200 },
  },
  {
    name: 'unknown path without a token',
    about: ['jwt.rules', 'chain.order'],
    request: { method: 'GET', path: '/v1/nothing' },
    expect: { status: 401, body: /Jwt is missing/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'unknown path with a token',
    about: ['jwt.rules', 'transcoder.unknown', 'local-replies.json'],
    request: { method: 'GET', path: '/v1/nothing', token: { as: 'customer' } },
    expect: { status: 404, body: { json: { code: 5, message: 'Could not resolve /v1/nothing to a method.', details: [] } } },
    expectUpstream: 'untouched',
  },
  {
    name: 'unknown gRPC method with a token',
    about: ['methods.apart', 'local-replies.grpc'],
    request: { method: 'POST', path: '/kumiko.customer.v1.CustomerService/Nothing', token: { as: 'partner' }, grpc: {} },
    expect: { status: 200, grpcStatus: 12 },
    expectUpstream: 'untouched',
  },
  {
    name: 'a token by ES256, as a key ring of Cloud KMS signs',
    about: ['jwt.algorithms'],
    request: { method: 'GET', path: '/v1/partner/deals', token: { as: 'partner', algorithm: 'ES256' } },
    expect: { status: 200 },
  },
  {
    name: 'white space within a signature does not count: the service’s to refuse',
    about: ['jwt.order'],
    request: { method: 'GET', path: '/v1/profile', token: { as: 'customer', signature: 'spaced' } },
    expect: { status: 200 },
  },
  {
    name: 'the key id of another algorithm',
    about: ['jwt.algorithms', 'attack.kid'],
    request: { method: 'GET', path: '/v1/partner/deals', token: { as: 'partner', algorithm: 'ES256', kid: 'own' } },
    expect: { status: 401, body: /Jwks doesn't have key to match kid or alg from Jwt/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'a token in the URL is no token',
    about: ['jwt.extraction'],
    request: { method: 'GET', path: '/v1/profile?access_token={token}', token: { as: 'customer' }, tokenHeader: null },
    expect: { status: 401, body: /Jwt is missing/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'a token in another header is no token',
    about: ['jwt.extraction'],
    request: { method: 'GET', path: '/v1/profile', token: { as: 'customer' }, tokenHeader: 'x-goog-iap-jwt-assertion' },
    expect: { status: 401, body: /Jwt is missing/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'a trailing slash does not lead past a rule',
    about: ['jwt.rules'],
    request: { method: 'GET', path: '/v1/profile/' },
    expect: { status: 401, body: /Jwt is missing/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'a public method with a token that is bad',
    about: ['jwt.requirements'],
    request: { method: 'GET', path: '/v1/deals/tea', token: { as: 'customer', expiresIn: -120 } },
    expect: { status: 200 },
  },
  {
    name: 'a public method with a token that is bad, where tokens can ask for previews',
    about: ['jwt.requirements'],
    at: 'guarded',
    request: {
      method: 'GET',
      path: '/v1/deals/tea',
      token: { as: 'customer', signature: 'garbled', claims: { kumiko_preview: { customer: 'pr-7' } } },
    },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetDeal', via: 'main' },
  },
  {
    name: 'a public method with any good token, where tokens can ask for previews',
    about: ['jwt.requirements'],
    at: 'guarded',
    request: { method: 'GET', path: '/v1/deals/tea', token: { as: 'partner', claims: { kumiko_preview: { customer: 'pr-7' } } } },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetDeal', via: 'other' },
  },
  {
    name: 'the user’s token and the gateway’s, side by side',
    about: ['upstream.user-token'],
    request: { method: 'GET', path: '/v1/profile', token: { as: 'customer' } },
    expect: { status: 200 },
    expectUpstream: {
      path: '/kumiko.customer.v1.CustomerService/GetProfile',
      headers: { authorization: /^Bearer ey/, 'x-serverless-authorization': /^Bearer ey/ },
    },
  },
  {
    name: 'both tokens of a native call',
    about: ['upstream.user-token'],
    request: { method: 'POST', path: '/kumiko.customer.v1.CustomerService/GetProfile', token: { as: 'customer' }, grpc: {} },
    expect: { status: 200 },
    expectUpstream: {
      path: '/kumiko.customer.v1.CustomerService/GetProfile',
      headers: { authorization: /^Bearer ey/, 'x-serverless-authorization': /^Bearer ey/ },
    },
  },
];
