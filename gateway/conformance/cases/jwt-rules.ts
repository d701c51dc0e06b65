import type { ConformanceCase, ExpectedResponse, TokenSpec } from '../conformance-case.ts';
import type { Topic } from '../facts.ts';

const at = 'lab.jwt';
const lab: TokenSpec = { as: 'lab' };
const customer: TokenSpec = { as: 'customer' };
const missing: ExpectedResponse = { status: 401, body: 'Jwt is missing' };
const ok: ExpectedResponse = { status: 200, body: 'ok' };

function get(name: string, about: readonly Topic[], path: string, token: TokenSpec | undefined, expect: ExpectedResponse): ConformanceCase {
  return { name, about, at, request: { method: 'GET', path, ...(token !== undefined && { token }) }, expect };
}

function algorithm(name: NonNullable<TokenSpec['algorithm']>): ConformanceCase {
  return get(`a token by ${name}`, ['jwt.algorithms'], '/lab', { as: 'lab', algorithm: name }, ok);
}

/** What our own bootstraps do not use of jwt_authn. */
export const jwtRules: readonly ConformanceCase[] = [
  get('a path that no rule matches is not checked', ['jwt.rules'], '/free', undefined, ok),
  get('a token that nobody asks for is not judged', ['jwt.rules'], '/free', { as: 'lab', signature: 'garbled' }, ok),
  get('the first rule that matches lets through', ['jwt.rules'], '/first/open', undefined, ok),
  get('the next rule would not', ['jwt.rules'], '/first/other', undefined, missing),
  get('a route’s own requirement replaces the rules', ['jwt.rules'], '/named', lab, ok),
  get('a route’s own requirement, and the rule’s token', ['jwt.rules'], '/named', customer, {
    status: 401,
    body: 'Jwt issuer is not configured',
  }),
  get('a route without a check', ['jwt.rules'], '/disabled', undefined, ok),
  get('any of two: the first', ['jwt.requirements'], '/any', lab, ok),
  get('any of two: the second', ['jwt.requirements'], '/any', customer, ok),
  get('any of two: none', ['jwt.requirements'], '/any', undefined, missing),
  get(
    'any of two: the error of the one that knows the issuer',
    ['jwt.requirements'],
    '/any',
    { as: 'lab', expiresIn: -120 },
    { status: 401, body: 'Jwt is expired' },
  ),
  get('a token that may be missing', ['jwt.requirements'], '/optional', undefined, ok),
  get('a token that may be missing, but is bad', ['jwt.requirements'], '/optional', { as: 'lab', signature: 'garbled' }, { status: 401 }),
  get('a token that may be missing or bad', ['jwt.requirements'], '/lenient', { as: 'lab', signature: 'garbled' }, ok),
  get('all of two need both', ['jwt.requirements'], '/all', lab, { status: 401 }),
  get('audiences of a rule in place of the provider’s', ['jwt.audiences'], '/other-audience', lab, {
    status: 403,
    body: 'Audiences in Jwt are not allowed',
  }),
  get('an audience that the rule asks for', ['jwt.audiences'], '/other-audience', { as: 'lab', claims: { aud: 'special' } }, ok),
  {
    name: 'a token in the query, where no header is named',
    about: ['jwt.extraction'],
    at,
    request: { method: 'GET', path: '/lab?access_token={token}', token: lab, tokenHeader: null },
    expect: ok,
  },
  {
    name: 'a token in the query, where headers are named',
    about: ['jwt.extraction'],
    at,
    request: { method: 'GET', path: '/customer?access_token={token}', token: customer, tokenHeader: null },
    expect: missing,
  },
  {
    name: 'a token in a header of its own',
    about: ['jwt.extraction'],
    at,
    request: { method: 'GET', path: '/customer', token: customer, tokenHeader: 'x-token' },
    expect: ok,
    expectUpstream: { path: '/customer', headers: { 'x-token': /^ey/ } },
  },
  {
    name: 'two tokens, of which one is bad',
    about: ['jwt.extraction'],
    at,
    request: { method: 'GET', path: '/customer', token: customer, headers: [['x-token', 'a.b.c']] },
    expect: { status: 401 },
    expectUpstream: 'untouched',
  },
  {
    name: 'a token that is not passed on',
    about: ['jwt.extraction'],
    at,
    request: { method: 'GET', path: '/lab', token: lab },
    expect: ok,
    expectUpstream: { path: '/lab', headers: { authorization: null, 'x-payload': /^ey/, 'x-sub': 'lee' } },
  },
  {
    name: 'a token that is passed on',
    about: ['jwt.extraction', 'upstream.user-token'],
    at,
    request: { method: 'GET', path: '/customer', token: customer },
    expect: ok,
    expectUpstream: { path: '/customer', headers: { authorization: /^Bearer ey/ } },
  },
  {
    name: 'spoofed claims where the verifier runs',
    about: ['jwt.spoofing'],
    at,
    request: {
      method: 'GET',
      path: '/lab',
      token: lab,
      headers: [
        ['x-admin', 'true'],
        ['x-payload', 'forged'],
      ],
    },
    expect: ok,
    expectUpstream: { path: '/lab', headers: { 'x-admin': null, 'x-payload': /^ey/ } },
  },
  {
    name: 'spoofed claims where no verifier runs go through: strip them early',
    about: ['jwt.spoofing'],
    at,
    request: {
      method: 'GET',
      path: '/free',
      headers: [
        ['x-admin', 'true'],
        ['x-payload', 'forged'],
      ],
    },
    expect: ok,
    expectUpstream: { path: '/free', headers: { 'x-admin': 'true', 'x-payload': 'forged' } },
  },
  {
    name: 'claims of every kind as headers',
    about: ['jwt.claims'],
    at,
    request: { method: 'GET', path: '/lab', token: { as: 'lab', claims: { level: 3, admin: true, org: { team: 'red' } } } },
    expect: ok,
    expectUpstream: { path: '/lab', via: 'main', headers: { 'x-level': '3', 'x-admin': 'true', 'x-team': 'red' } },
  },
  {
    name: 'a claim that is a list or an object makes no header',
    about: ['jwt.claims'],
    at,
    request: { method: 'GET', path: '/lab', token: { as: 'lab', claims: { admin: ['yes'], org: { team: { name: 'red' } } } } },
    expect: ok,
    expectUpstream: { path: '/lab', headers: { 'x-admin': null, 'x-team': null } },
  },
  {
    name: 'a claim chooses the route',
    about: ['jwt.claims'],
    at,
    request: { method: 'GET', path: '/lab', token: { as: 'lab', claims: { level: 7 } } },
    expect: ok,
    expectUpstream: { path: '/lab', via: 'other', headers: { 'x-level': '7' } },
  },
  algorithm('ES256'),
  algorithm('PS256'),
  algorithm('EdDSA'),
  algorithm('HS256'),
  get(
    'the key id of another algorithm',
    ['jwt.algorithms', 'attack.kid'],
    '/lab',
    { as: 'lab', algorithm: 'ES256', kid: 'own' },
    {
      status: 401,
      body: "Jwks doesn't have key to match kid or alg from Jwt",
    },
  ),
  get(
    'the public key as HMAC secret, where HMAC keys are known',
    ['attack.hs-rs-confusion'],
    '/lab',
    { as: 'lab', signature: 'hmac-with-public-key', kid: 'HS256' },
    {
      status: 401,
      body: 'Jwt verification fails',
    },
  ),
  get(
    'an unknown key id is not looked for anew',
    ['jwt.jwks'],
    '/lab',
    { as: 'lab', kid: 'new' },
    {
      status: 401,
      body: "Jwks doesn't have key to match kid or alg from Jwt",
    },
  ),
  get(
    'a challenge with an error',
    ['jwt.challenge'],
    '/lab',
    { as: 'lab', signature: 'garbled' },
    {
      status: 401,
      headers: { 'www-authenticate': /^Bearer realm="http:\/\/127\.0\.0\.1:\d+\/lab", error="invalid_token"$/ },
    },
  ),
  {
    name: 'failures that tell nothing',
    about: ['jwt.challenge'],
    at: 'lab.strict',
    request: { method: 'GET', path: '/', token: { as: 'lab', expiresIn: -120 } },
    expect: { status: 401, body: '', headers: { 'www-authenticate': null } },
    expectUpstream: 'untouched',
  },
  {
    name: 'a token without exp passes where nothing asks for it',
    about: ['jwt.order'],
    at: 'lab.strict',
    request: { method: 'GET', path: '/', token: { as: 'lab', claims: { exp: null } } },
    expect: ok,
  },
  {
    name: 'a platform’s stripped signature is none',
    about: ['upstream.stripped-signature'],
    at,
    request: { method: 'GET', path: '/lab', token: { as: 'lab', signature: 'removed-by-google' } },
    expect: { status: 401, body: 'Jwt verification fails' },
    expectUpstream: 'untouched',
  },
];
