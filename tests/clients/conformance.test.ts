import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { goClient, missingClients } from './built-clients.ts';

// The Connect project's suite, its service on the chassis' server. The exceptions have to fail: one that passes by now is to be taken off its list.
const product = join(import.meta.dirname, 'connect');
const missing = missingClients();

test.skipIf(missing).for([
  ['gRPC directly', 'grpc', [], []],
  // Of a full duplex that fails at once, Envoy's bridge to Connect tells the end or loses its details, from run to run.
  ['gRPC, gRPC-Web and Connect through the edge', 'edge', ['--edge'], ['Connect to HTTP Code Mapping/**/bidi-stream/full-duplex/**']],
] as const)(
  `%s ${missing === undefined ? "holds in every case of Connect's conformance suite but for the listed ones" : `(${missing})`}`,
  {
    timeout: 300_000,
  },
  async ([, name, args, eitherWay]) => {
    const runner = [
      ...['--mode', 'server', '--max-servers', '1', '--conf', join(product, `${name}.yaml`)],
      ...['--known-failing', `@${join(product, `${name}-exceptions.txt`)}`],
      // Whether the client's clock or the service's is first decides whose error it is, and the service's has a detail.
      ...['Timeouts/**', ...eitherWay].flatMap((pattern) => ['--known-flaky', pattern]),
      ...['--', process.execPath, join(product, 'services/conformance/main.ts'), ...args],
    ];
    const output = await new Promise<string>((resolve) => {
      const env = { ...process.env, KUMIKO_PRODUCT: product };
      execFile(goClient('connectconformance'), runner, { env, maxBuffer: 64 * 1024 * 1024 }, (_error, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });
    const failed = output.split('\n').filter((line) => /^FAILED|unmatched|passed/.test(line));
    expect(failed, output.slice(-2000)).toEqual([expect.stringMatching(/^[1-9]\d* passed, 0 failed$/)]);
  },
);
