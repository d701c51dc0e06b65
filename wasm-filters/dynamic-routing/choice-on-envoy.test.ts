import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dynamicRouting } from '../../gateway/bootstrap/filters/dynamic-routing.ts';
import { providersOf } from '../../gateway/bootstrap/filters/jwt-authn.ts';
import { readGatewayEnvironment } from '../../gateway/bootstrap/gateway-environment.ts';
import { environmentFolder } from '../../gateway/bootstrap/golden.ts';
import { choiceHeader, headersToStrip, previewHeader } from '../../gateway/bootstrap/internal-headers.ts';
import { any, type JsonObject } from '../../gateway/bootstrap/json.ts';
import type { RunningEnvoy } from '../../gateway/envoy/start-envoy.ts';
import { type TokenIssuer, tokenIssuer } from '../testing/jwt-payload.ts';
import { cluster, serve } from '../testing/on-envoy.ts';
import { echoUpstream, type Upstream } from '../testing/upstream.ts';

/** As the gateways have it, in front of two clusters: one of them is the preview pr-123 of the partner service. */
const environment = { ...readGatewayEnvironment(join(environmentFolder, 'staging.yaml')), wasmDir: join(import.meta.dirname, '../build') };
const roles = ['edge', 'jobs'] as const;
type Role = (typeof roles)[number];

const gateways = {} as Record<Role, { readonly envoy: RunningEnvoy; readonly issuer: TokenIssuer }>;
let upstream: Upstream;
let preview: Upstream;

beforeAll(async () => {
  [upstream, preview] = await Promise.all([echoUpstream(), echoUpstream()]);
  const chosen = { name: previewHeader('partner'), string_match: { exact: 'pr-123' } };
  const routes: JsonObject[] = [
    { name: 'preview', match: { prefix: '/', headers: [chosen] }, route: { cluster: 'preview' } },
    { name: 'main', match: { prefix: '/' }, route: { cluster: 'main' } },
  ];
  await Promise.all(
    roles.map(async (role) => {
      const issuer = await tokenIssuer(providersOf[role]);
      const mutations = headersToStrip(role, environment).map((remove) => ({ remove }));
      const envoy = await serve({
        filters: [issuer.filter, dynamicRouting(role, environment)],
        routes,
        clusters: [cluster('main', upstream.port), cluster('preview', preview.port)],
        manager: {
          early_header_mutation_extensions: [
            {
              name: 'envoy.http.early_header_mutation.header_mutation',
              typed_config: any('envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation', { mutations }),
            },
          ],
        },
      });
      gateways[role] = { envoy, issuer };
    }),
  );
});

afterAll(async () => {
  await Promise.all(roles.map((role) => gateways[role].envoy.close()));
  upstream.close();
  preview.close();
});

interface Routed {
  /** Where it went. */
  readonly to: 'main' | 'preview';
  /** The headers of previews that went with it, without the beginning that they have in common. */
  readonly headers: Readonly<Record<string, string>>;
}

async function route(role: Role, claims: object | undefined, headers: Readonly<Record<string, string>> = {}): Promise<Routed> {
  const { envoy, issuer } = gateways[role];
  const before = preview.requests.length;
  const authorization = claims && { authorization: await issuer.bearer(providersOf[role].at(-1)!, claims) };
  const request = httpRequest({ port: envoy.ports['main']!, headers: { ...authorization, ...headers } });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(200);
  const got: Record<string, string> = JSON.parse(Buffer.concat(await response.toArray()).toString());
  const ours = Object.entries(got).filter(([name]) => name.startsWith(choiceHeader));
  return {
    to: preview.requests.length > before ? 'preview' : 'main',
    headers: Object.fromEntries(ours.map(([name, value]) => [name.slice(choiceHeader.length), value])),
  };
}

const byClaim = (claim: unknown) => route('edge', { kumiko_preview: claim });

test('the claim chooses the preview, and goes on', async () => {
  expect(await byClaim({ partner: 'pr-123', job: 'pr-7' })).toEqual({
    to: 'preview',
    headers: { '': 'job=pr-7,partner=pr-123', '-partner': 'pr-123', '-job': 'pr-7' },
  });
});

test.each([undefined, {}])('a token that chooses nothing goes to the default', async (claim) => {
  expect(await byClaim(claim)).toEqual({ to: 'main', headers: {} });
});

test.each<[string, unknown]>([
  ['a text', 'partner=pr-123'],
  ['a number', 7],
  ['true', true],
  ['null', null],
  ['an empty list', []],
  ['a list of texts', ['partner', 'pr-123']],
  ['a list of objects', [{ partner: 'pr-123' }]],
  ['a list of nulls', [null]],
  ['an object in an object of another name', { preview: { partner: 'pr-123' } }],
])('a claim that is %s chooses nothing', async (_, claim) => {
  expect(await byClaim(claim)).toEqual({ to: 'main', headers: {} });
});

test.each<[string, unknown]>([
  ['a list', ['pr-123']],
  ['an empty list', []],
  ['a list of lists', [['pr-123']]],
  ['an object', { partner: 'pr-123' }],
  ['an object of its own kind', { 'pr-123': 'pr-123' }],
  ['an empty object', {}],
  ['a number', 123],
  ['true', true],
  ['false', false],
  ['an empty text', ''],
  ['two lines', 'pr-123\r\nx-kumiko-preview-job: pr-7'],
  ['upper case', 'PR-123'],
])('a target that is %s never becomes a header value, and a target beside it holds', async (_, target) => {
  const { to, headers } = await byClaim({ partner: target, job: 'pr-7' });
  expect({ to, headers }).toEqual({ to: 'main', headers: { '': 'job=pr-7', '-partner': '-', '-job': 'pr-7' } });
});

test('a null does not hide the targets beside it', async () => {
  expect(await byClaim({ partner: 'pr-123', job: null })).toEqual({
    to: 'preview',
    headers: { '': 'partner=pr-123', '-partner': 'pr-123' },
  });
});

const forged = { 'x-kumiko-preview-partner': 'pr-123', 'x-kumiko-preview-job': 'pr-7', 'x-kumiko-preview': 'partner=pr-123' };

test.each([undefined, {}, { kumiko_preview: { customer: 'pr-1' } }, { kumiko_preview: [] }])(
  'at the edge no header of a client chooses, whatever its token says: %j',
  async (claims) => {
    const expected = claims !== undefined && 'kumiko_preview' in claims && !Array.isArray(claims.kumiko_preview);
    const headers = expected ? { '': 'customer=pr-1', '-customer': 'pr-1' } : {};
    expect(await route('edge', claims, forged)).toEqual({ to: 'main', headers });
  },
);

test('at the jobs gateway a verified task brings its choice, and nobody sets the header of a single service', async () => {
  expect(await route('jobs', {}, { 'x-kumiko-preview': 'partner=pr-123' })).toEqual({
    to: 'preview',
    headers: { '': 'partner=pr-123', '-partner': 'pr-123' },
  });
  expect(await route('jobs', {}, { 'x-kumiko-preview-partner': 'pr-123' })).toEqual({ to: 'main', headers: {} });
  expect(await route('jobs', undefined, forged)).toEqual({ to: 'main', headers: {} });
  expect(await route('jobs', { kumiko_preview: { partner: 'pr-123' } })).toEqual({ to: 'main', headers: {} });
});
