import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPlugin } from '../gateway/wasm-host/create-plugin.ts';
import type { PluginEnvironment, PropertyValue } from '../gateway/wasm-host/host.ts';
import { pluginConfig } from '../gateway/wasm-host/testing/scripted-proxy.ts';
import { reportCost, requestStream } from './filters/filter-cost.ts';

export const question =
  'What does the dynamic-routing filter cost per request with and without a choice (target: at most 3 µs), and does its memory stay flat (one page, 64 KiB)?';

const configuration = {
  payloads: ['customer', 'partner', 'operator'],
  claim: 'kumiko_preview',
  choice_header: 'x-preview',
  headers: Object.fromEntries(['customer', 'partner', 'webhook', 'job'].map((name) => [name, `x-preview-${name}`])),
};

const environment: PluginEnvironment = { httpCall: () => 'unknown-cluster', log() {}, now: Date.now };

/** Runs the bench. */
export async function run(report: (line: string) => void): Promise<void> {
  const code = readFileSync(join(import.meta.dirname, '../wasm-filters/build/dynamic-routing.wasm'));
  for (const [name, claim] of [
    ['dynamic-routing, token without a choice', undefined],
    ['dynamic-routing, one service chosen', { partner: 'pr-123' }],
  ] as const) {
    const filter = await createPlugin(pluginConfig(code, configuration), environment);
    const metadata: PropertyValue = {
      metadata: { filter_metadata: { 'envoy.filters.http.jwt_authn': { customer: { iss: 'i', sub: 'alice', kumiko_preview: claim } } } },
    };
    const stream = requestStream((path) => walk(metadata, path));
    const headers = stream.headers('request-headers')!;
    const written = new Map<string, string>();
    // Or every request after the first would bring what is to be removed.
    headers.set = (header, value) => void written.set(header, value);
    await reportCost(name, filter, stream, environment, report);
    if (written.get('x-preview-partner') !== claim?.partner) throw new Error('the filter chose wrongly');
    filter.close();
  }
}

function walk(root: PropertyValue, path: readonly string[]): PropertyValue {
  let value = root;
  for (const name of path) value = typeof value === 'object' && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}
