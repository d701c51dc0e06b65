import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startEnvoy } from './start-envoy.ts';

const folder = mkdtempSync(join(tmpdir(), 'kumiko-start-envoy-'));
afterAll(() => rmSync(folder, { recursive: true }));

const address = { socket_address: { address: '127.0.0.1', port_value: 80 } };

function bootstrap(listener: object = {}) {
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'test',
    access_log: [
      {
        name: 'stdout',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
          log_format: { text_format_source: { inline_string: '%REQ(:PATH)%\n' } },
        },
      },
    ],
    route_config: {
      virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, direct_response: { status: 204 } }] }],
    },
    http_filters: [{ name: 'router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
  };
  const filters = [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }];
  return { admin: { address }, static_resources: { listeners: [{ name: 'front', address, filter_chains: [{ filters }], ...listener }] } };
}

const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test('a bootstrap is served on free ports until it is closed, and its last log line gets out', async () => {
  const envoy = await startEnvoy(bootstrap(), { folder });
  expect((await fetch(`http://127.0.0.1:${envoy.ports['front']}/last`)).status).toBe(204);
  await envoy.close();
  expect(alive(envoy.pid)).toBe(false);
  expect(envoy.accessLog()).toBe('/last\n');
});

test('a bootstrap that Envoy refuses is told with its words', async () => {
  await expect(startEnvoy(bootstrap({ colour: 'red' }), { folder })).rejects.toThrow(/does not serve the bootstrap: it ended\n.*colour/s);
});

test('Envoy does not outlive who has started it, whatever ends that', async () => {
  const program = join(folder, 'parent.ts');
  writeFileSync(
    program,
    `import { startEnvoy } from ${JSON.stringify(join(import.meta.dirname, 'start-envoy.ts'))};
const { pid } = await startEnvoy(${JSON.stringify(bootstrap())}, { folder: ${JSON.stringify(folder)} });
process.stdout.write(String(pid));
setInterval(() => {}, 1000);`,
  );
  const parent = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [text] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(text.toString());
  expect(alive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await expect.poll(() => alive(pid), { interval: 10 }).toBe(false);
});
