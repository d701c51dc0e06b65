import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LocalServer, systemClock } from '../../deploy/local/local-server.ts';
import { startMetadataServer } from '../../deploy/local/metadata-server/metadata-server.ts';
import { createPlugin } from '../../gateway/wasm-host/create-plugin.ts';
import { HeaderList } from '../../gateway/wasm-host/header-list.ts';
import type { HttpCallRequest, HttpCallResponse, Plugin } from '../../gateway/wasm-host/host.ts';
import { pluginConfig, ScriptedProxy, ScriptedStream } from '../../gateway/wasm-host/testing/scripted-proxy.ts';
import { configuration, filterCode, hourMs, jwt, tokenHeader } from './testing/running-filter.ts';

/** Sends the plugin's calls over HTTP. */
class HttpProxy extends ScriptedProxy {
  readonly #port: number;

  constructor(port: number) {
    super();
    this.#port = port;
  }

  override httpCall({ headers }: HttpCallRequest, done: (response: HttpCallResponse) => void): { cancel(): void } {
    const plain = [...headers.entries()].filter(([name]) => !name.startsWith(':'));
    const call = httpRequest(
      {
        port: this.#port,
        host: '127.0.0.1',
        method: headers.get(':method'),
        path: headers.get(':path'),
        headers: { host: headers.get(':authority'), ...Object.fromEntries(plain) },
      },
      async (response) => {
        const body = Buffer.concat(await response.toArray());
        done({ headers: new HeaderList([[':status', String(response.statusCode)]]), body, trailers: undefined });
      },
    );
    call.end();
    return { cancel: () => call.destroy() };
  }
}

const minted: string[] = [];
let server: LocalServer;
let plugin: Plugin;

beforeEach(async () => {
  server = await startMetadataServer({
    port: 0,
    project: 'kumiko-local',
    email: 'edge@kumiko-local.example',
    clock: systemClock,
    mintIdToken: async (_email, audience) => {
      minted.push(audience);
      return jwt(hourMs, { aud: audience });
    },
  });
  plugin = await createPlugin(pluginConfig(filterCode(), configuration), new HttpProxy(server.port));
});

afterEach(async () => {
  plugin.close();
  await server.close();
});

/** The token header that a request to this cluster goes on with. */
async function tokenFor(cluster: string): Promise<string | undefined> {
  const environment = new ScriptedStream([[':path', '/']], { 'xds.cluster_name': cluster });
  const event = new Promise<string>((resolve) => {
    environment.onEvent = resolve;
  });
  expect(plugin.createStream(environment).onRequestHeaders(true)).toBe('stop');
  expect(await event).toBe('continued');
  return environment.request.get(tokenHeader);
}

test('a metadata server gives an ID token for exactly the configured audience', async () => {
  const token = await tokenFor('customer');
  expect(minted).toContain(configuration.audiences.customer);
  const payload = JSON.parse(Buffer.from(token!.split('.')[1]!, 'base64url').toString());
  expect(payload.aud).toBe(configuration.audiences.customer);
});

test('a metadata server gives an access token', async () => {
  expect(await tokenFor('apis')).toMatch(/^Bearer ya29\.local\./);
});
