import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goClient, missingClients } from './built-clients.ts';

// The cases of gRPC's interoperability tests that its Go client has, but for those that need accounts or load balancers of Google's.
const cases = [
  'empty_unary',
  'large_unary',
  'client_streaming',
  'server_streaming',
  'ping_pong',
  'empty_stream',
  'timeout_on_sleeping_server',
  'cancel_after_begin',
  'cancel_after_first_response',
  'status_code_and_message',
  'special_status_message',
  'custom_metadata',
  'unimplemented_method',
  'unimplemented_service',
  'pick_first_unary',
] as const;

/** What the edge answers otherwise, with the reason. It has to fail: a case that has come to pass must leave the list. */
const edgeDifferences: { readonly [K in (typeof cases)[number]]?: string } = {
  unimplemented_service: 'of a path that is none it says so only to those who have a token',
};

const product = join(import.meta.dirname, 'interop');
const missing = missingClients();

describe.skipIf(missing).each([
  { way: 'directly', args: [], differences: {} },
  { way: 'through the edge', args: ['--edge'], differences: edgeDifferences },
])(`gRPC's interoperability tests, $way${missing === undefined ? '' : ` (${missing})`}`, ({ args, differences }) => {
  let stop: () => Promise<void>;
  let port: string;

  beforeAll(async () => {
    const server = spawn(process.execPath, [join(product, 'services/testing/main.ts'), ...args], {
      env: { ...process.env, KUMIKO_PRODUCT: product },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    stop = async () => {
      server.stdin.end();
      if (server.exitCode === null) await once(server, 'exit');
    };
    const [line] = (await Promise.race([once(server.stdout, 'data'), once(server, 'exit').then(() => [''])])) as [Buffer | string];
    port = line.toString().trim();
    expect(port, 'the service has not started').toMatch(/^\d+$/);
  });

  afterAll(() => stop?.());

  for (const name of cases) {
    const difference: string | undefined = (differences as typeof edgeDifferences)[name];
    const work = async () => {
      expect(await run(name, port)).toEqual({ code: 0, output: expect.any(String) });
    };
    if (difference === undefined) test(name, work);
    else test.fails(`${name} (known difference: ${difference})`, work);
  }
});

function run(name: string, port: string): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      goClient('interop'),
      ['--server_host', '127.0.0.1', '--server_port', port, '--test_case', name],
      { timeout: 90_000 },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    );
  });
}
