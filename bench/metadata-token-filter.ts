import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPlugin } from '../gateway/wasm-host/create-plugin.ts';
import { HeaderList } from '../gateway/wasm-host/header-list.ts';
import type { PluginEnvironment } from '../gateway/wasm-host/host.ts';
import { pluginConfig } from '../gateway/wasm-host/testing/scripted-proxy.ts';
import { pass, reportCost, requestStream } from './filters/filter-cost.ts';

export const question =
  'What does the metadata-token filter cost per request with a cached token (target: at most 3 µs), and does its memory stay flat (one page, 64 KiB)?';

const header = 'x-serverless-authorization';

const configuration = {
  metadata_cluster: 'metadata',
  token_header: header,
  audiences: { customer: 'https://customer.example', partner: 'https://partner.example', webhook: 'https://webhook.example' },
};

/** Runs the bench. */
export async function run(report: (line: string) => void): Promise<void> {
  const environment = tokenEnvironment();
  const code = readFileSync(join(import.meta.dirname, '../wasm-filters/build/metadata-token.wasm'));
  const filter = await createPlugin(pluginConfig(code, configuration), environment);
  const stream = requestStream((path) => (path[0] === 'cluster_name' ? 'webhook' : undefined));
  pass(filter, stream, 1);
  await new Promise(setImmediate);
  await reportCost('metadata-token', filter, stream, environment, report);
  if (!stream.headers('request-headers')?.get(header)?.startsWith('Bearer ')) throw new Error('the filter did not set a token');
  filter.close();
}

/** Gives every call a token of the size that Google's have. */
function tokenEnvironment(): PluginEnvironment {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    httpCall(_request, done) {
      const exp = Math.floor(Date.now() / 1000) + 3600;
      const token = `${part({ alg: 'RS256', kid: 'k'.repeat(40) })}.${part({ exp, email: 'e'.repeat(350) })}.${'s'.repeat(342)}`;
      setImmediate(() => done({ headers: new HeaderList([[':status', '200']]), body: Buffer.from(token), trailers: undefined }));
      return { cancel() {} };
    },
    log() {},
    now: Date.now,
  };
}
