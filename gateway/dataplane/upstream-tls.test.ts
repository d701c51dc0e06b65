import { readFileSync } from 'node:fs';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type DataPlane, startDataPlane } from './start-data-plane.ts';
import { testBootstrap } from './testing/test-bootstrap.ts';

const read = (name: string) => readFileSync(join(import.meta.dirname, 'testing/tls', name));
const identity = { key: read('server-key.pem'), cert: read('server.pem') };
const ca = read('ca.pem');

let http2: ReturnType<typeof createSecureServer>;
let http1: ReturnType<typeof createHttpsServer>;
const planes: DataPlane[] = [];

beforeAll(async () => {
  http2 = createSecureServer(identity);
  http2.on('stream', (opened, headers) => {
    const stream = opened as ServerHttp2Stream;
    stream.respond({ ':status': 200, 'content-type': 'text/plain' });
    stream.end(`h2 ${headers[':authority']}`);
  });
  http1 = createHttpsServer(identity, (request, response) => response.end(`http/1.1 ${request.headers.host}`));
  for (const server of [http2, http1]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const plane of planes.splice(0)) await plane.close();
});
afterAll(() => {
  http2.close();
  http1.close();
});

const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;

async function start(socket: object, options: { protocol?: 'http1'; ca?: Buffer } = {}): Promise<string> {
  const port = portOf(options.protocol === 'http1' ? http1 : http2);
  const bootstrap = testBootstrap({
    ...(options.protocol === 'http1' ? { http1Clusters: { up: port } } : { clusters: { up: port } }),
    routes: [{ match: { prefix: '/' }, route: { cluster: 'up', host_rewrite_literal: 'rewritten.example' } }],
  }) as { static_resources: { clusters: { name: string; transport_socket?: object }[] } };
  bootstrap.static_resources.clusters.find(({ name }) => name === 'up')!.transport_socket = {
    name: 'envoy.transport_sockets.tls',
    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', ...socket },
  };
  const plane = await startDataPlane(bootstrap, options.ca === undefined ? {} : { ca: options.ca });
  planes.push(plane);
  return `http://127.0.0.1:${plane.ports.test}`;
}

const trusted = { validation_context: { trusted_ca: { inline_string: ca.toString() } } };

describe('upstream TLS', () => {
  test.each([['http2' as const], ['http1' as const]])('a trusted certificate with the expected name (%s)', async (protocol) => {
    const url = await start(
      { sni: 'keys.example', auto_sni_san_validation: true, common_tls_context: trusted },
      protocol === 'http1' ? { protocol } : {},
    );
    expect(await (await fetch(url)).text()).toBe(`${protocol === 'http1' ? 'http/1.1' : 'h2'} rewritten.example`);
  });

  test('a certificate of another name is refused', async () => {
    const url = await start({ sni: 'other.example', auto_sni_san_validation: true, common_tls_context: trusted });
    expect((await fetch(url)).status).toBe(503);
  });

  test('an untrusted certificate is refused', async () => {
    const url = await start({ sni: 'keys.example', auto_sni_san_validation: true, common_tls_context: trusted }, { ca: identity.cert });
    expect((await fetch(url)).status).toBe(503);
  });

  test('subject alternative names by matcher', async () => {
    const names = (exact: string) => ({
      sni: 'keys.example',
      common_tls_context: {
        validation_context: { ...trusted.validation_context, match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact } }] },
      },
    });
    expect((await fetch(await start(names('keys.example')))).status).toBe(200);
    expect((await fetch(await start(names('other.example')))).status).toBe(503);
  });

  test('as in Envoy nothing is checked without a trusted CA', async () => {
    expect((await fetch(await start({ sni: 'other.example' }))).status).toBe(200);
  });
});

test('the production file runs with only resolver and CA overridden', async () => {
  // The container's files lie elsewhere here; nothing else changes.
  const text = readFileSync(join(import.meta.dirname, '../bootstrap/golden/production-edge.yaml'), 'utf8')
    .replace('/etc/kumiko/descriptor.binpb', 'services/contracts/gen/descriptor.binpb')
    .replace('/etc/kumiko/wasm', 'wasm-filters/build');
  const bootstrap = parse(
    text.replaceAll('filename: /etc/ssl/certs/ca-certificates.crt', `filename: ${join(import.meta.dirname, 'testing/tls/ca.pem')}`),
  );
  const asked: string[] = [];
  const plane = await startDataPlane(bootstrap, {
    ports: { edge: 0, admin: 0 },
    ca,
    accessLog: () => {},
    resolve: async (hostname) => {
      asked.push(hostname);
      return [{ address: '127.0.0.1', port: portOf(http2) }];
    },
  });
  planes.push(plane);
  expect(asked.some((name) => name.endsWith('.a.run.app'))).toBe(true);
  expect((await fetch(`http://127.0.0.1:${plane.ports.edge}/health`)).status).toBe(200);
  expect((await fetch(`http://127.0.0.1:${plane.ports.edge}/v1/profile`)).status).toBe(401);
});
