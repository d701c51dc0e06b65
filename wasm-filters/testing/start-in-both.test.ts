import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { wasmFilter } from '../../gateway/bootstrap/filters/wasm-filter.ts';
import { compileFixture } from './compile-fixture.ts';
import { FilterHost } from './host/filter-host.ts';
import { serve, temporaryFolder } from './on-envoy.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

interface Loadable {
  close(): unknown;
}

async function loads(start: Promise<Loadable>): Promise<boolean> {
  try {
    await (await start).close();
    return true;
  } catch {
    return false;
  }
}

/** In the test host and in Envoy. */
async function loadsInBoth(source: string): Promise<{ host: boolean; envoy: boolean }> {
  const code = await compileFixture(source);
  writeFileSync(join(folder.path, 'fixture.wasm'), code);
  const filters = [wasmFilter('fixture', {}, { wasmDir: folder.path })];
  const routes = [{ match: { prefix: '/' }, direct_response: { status: 200 } }];
  return { host: await loads(FilterHost.start(code, '{}')), envoy: await loads(serve({ filters, routes, clusters: [] })) };
}

test.each([
  ['nothing at all', '', true],
  ['a log line at top level', 'say("starting");', true],
  ['the clock at top level', 'currentTime(out);', false],
  ['a metric at top level', 'defineMetric(0, at("x"), 1, out);', false],
  ['a call at top level', 'call("calls", [":method", "GET", ":path", "/", ":authority", "a"]);', false],
  ['a trap at top level', 'unreachable();', false],
  ['a configuration that is refused', 'export function proxy_on_configure(root: i32, size: i32): i32 { return 0; }', false],
  ['a trap in the configuration', 'export function proxy_on_configure(root: i32, size: i32): i32 { unreachable(); return 1; }', false],
  [
    'an unknown import',
    '@external("env", "proxy_nothing") declare function nothing(): i32; export function use(): i32 { return nothing(); }',
    false,
  ],
])('a filter with %s: whether it loads is the same in both', async (_, source, loaded) => {
  expect(await loadsInBoth(source)).toEqual({ host: loaded, envoy: loaded });
});
