import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startMetadataServer } from '../../deploy/local/cloud/metadata-server/metadata-server.ts';
import { type LocalServer, systemClock } from '../../deploy/local/shared/local-server.ts';
import { wasmFilter } from '../../gateway/bootstrap/filters/wasm-filter.ts';
import { compileFixture } from '../testing/compile-fixture.ts';
import { temporaryFolder } from '../testing/on-envoy.ts';
import { hourMs, jwt, tokenHeader } from './testing/running-filter.ts';
import { audiences, type TokenGateway, tokenGateway } from './testing/token-gateway.ts';

/** Goes to the path in x-to, as the transcoder does: the route is forgotten, and nothing resolves it anew before the token filter. */
const rewriteFixture = `
  export function proxy_on_request_headers(id: i32, headers: i32, end: i32): i32 {
    const to = header("x-to");
    if (to != "-") replaceHeader(0, at(":path"), 5, at(to), size(to));
    return 0;
  }`;

const folder = temporaryFolder();
let metadata: LocalServer;
let gateway: TokenGateway;
let rewriting: TokenGateway;

beforeAll(async () => {
  metadata = await startMetadataServer({
    port: 0,
    project: 'kumiko-local',
    email: 'edge@kumiko-local.example',
    clock: systemClock,
    mintIdToken: async (_email, audience) => jwt(hourMs, { aud: audience }),
  });
  writeFileSync(join(folder.path, 'rewrite.wasm'), await compileFixture(rewriteFixture));
  [gateway, rewriting] = await Promise.all([
    tokenGateway(metadata.port),
    tokenGateway(metadata.port, [wasmFilter('rewrite', {}, { wasmDir: folder.path })]),
  ]);
});

afterAll(async () => {
  await Promise.all([gateway.close(), rewriting.close()]);
  await metadata.close();
  folder.remove();
});

function payloadOf(authorization: string): { readonly aud: string } {
  return JSON.parse(Buffer.from(authorization.split('.')[1]!, 'base64url').toString());
}

test.each(Object.entries(audiences))('a request to %s goes on with a token for %s alone', async (cluster, audience) => {
  for (const forged of [{}, { [tokenHeader]: 'Bearer forged' }]) {
    const { status, body } = await gateway.send(`/${cluster}`, forged);
    expect(status).toBe(200);
    expect(payloadOf(JSON.parse(body)[tokenHeader]).aud).toBe(audience);
  }
});

test('a cluster with scopes gets an access token', async () => {
  expect(JSON.parse((await gateway.send('/apis')).body)[tokenHeader]).toMatch(/^Bearer ya29\.local\./);
});

test('a cluster with null gets nothing, not even what the client has sent', async () => {
  expect(JSON.parse((await gateway.send('/open', { [tokenHeader]: 'Bearer forged' })).body)).not.toHaveProperty(tokenHeader);
});

test('a cluster that a header names is read like any other', async () => {
  expect(payloadOf(JSON.parse((await gateway.send('/by-header', { 'x-cluster': 'partner' })).body)[tokenHeader]).aud).toBe(
    audiences.partner,
  );
});

test('a listed route that answers by itself does so', async () => {
  expect(await gateway.send('/moved')).toMatchObject({ status: 301, headers: { location: expect.stringMatching(/\/customer$/) } });
});

test('a route where nothing is found is answered 404, for gRPC with UNIMPLEMENTED', async () => {
  expect(await gateway.send('/nothing')).toMatchObject({ status: 404, body: '' });
  expect(await gateway.send('/nothing', { 'content-type': 'application/grpc' })).toMatchObject({
    status: 200,
    headers: { 'grpc-status': '12' },
  });
});

test.each([
  ['a cluster that the configuration lacks', '/unlisted', {}],
  ['a cluster that does not exist', '/by-header', { 'x-cluster': 'nowhere' }],
  ['no cluster', '/by-header', {}],
  ['no route', '/no/route', {}],
  ['a route that answers by itself, but is not listed', '/other', {}],
])('%s is refused, and reaches no upstream', async (_, path, headers) => {
  const before = gateway.upstream.requests.length;
  expect(await gateway.send(path, headers)).toMatchObject({ status: 503 });
  const grpc = await gateway.send(path, { ...headers, 'content-type': 'application/grpc' });
  expect(grpc).toMatchObject({ status: 200, headers: { 'grpc-status': '14' } });
  expect(gateway.upstream.requests).toHaveLength(before);
});

test.each([
  ['a route that is not listed', '/other', 503],
  ['no route', '/no/route', 503],
  ['a route without a cluster', '/by-header', 503],
  ['the route where nothing is found', '/nothing', 404],
])(
  'a request that was on %s, and whose new route nobody has resolved, is answered here: its cluster cannot be read',
  async (_, path, status) => {
    const before = rewriting.upstream.requests.length;
    expect(await rewriting.send(path, { 'x-to': '/customer' })).toMatchObject({ status });
    expect(rewriting.upstream.requests).toHaveLength(before);
  },
);

test('nothing has reached an upstream without a token but where the configuration says null', () => {
  const bare = [gateway, rewriting].flatMap(({ upstream }) => upstream.requests).filter((headers) => headers[tokenHeader] === undefined);
  expect(bare).toHaveLength(1);
});
