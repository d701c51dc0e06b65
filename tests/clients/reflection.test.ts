import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { devToken } from '../../deploy/local/platform/dev-token.ts';
import { usePlatform } from '../test-platform.ts';
import { goClient, missingClients, pythonPath } from './built-clients.ts';

const stage = usePlatform();
const run = promisify(execFile);
const buf = join(import.meta.dirname, '../../node_modules/.bin/buf');

interface Target {
  readonly address: string;
  /** What a service's front asks for: "name: value". The edge asks for nothing. */
  readonly header: readonly [name: string, value: string] | undefined;
}

/** The edge, and a service as other services reach it. */
const targets: Record<string, Target> = {};
beforeAll(async () => {
  const { endpoints } = stage.platform;
  targets['the edge'] = { address: new URL(endpoints.edge).host, header: undefined };
  const token = await devToken(endpoints, 'service', 'partner', { as: 'edge-gateway' });
  targets['a service'] = {
    address: new URL(endpoints.services['partner']!).host,
    header: ['x-serverless-authorization', `Bearer ${token}`],
  };
});

const publish = 'kumiko.partner.v1.PartnerService/PublishDeal';

describe.each(['the edge', 'a service'])('%s', (name) => {
  describe('tells buf curl', () => {
    const curl = (...args: string[]) => {
      const { address, header } = targets[name]!;
      const more = header === undefined ? [] : ['--reflect-header', header.join(': '), '--header', header.join(': ')];
      return run(buf, [
        'curl',
        '--http2-prior-knowledge',
        '--protocol',
        'grpc',
        ...more,
        ...args.map((arg) => arg.replace('@', `http://${address}`)),
      ]);
    };

    test.each(['grpc-v1', 'grpc-v1alpha'])('what there is, by %s', async (version) => {
      const { stdout } = await curl('--reflect', '--reflect-protocol', version, '--list-methods', '@');
      expect(stdout.split('\n')).toContain(publish);
    });

    test('enough to call a method', async () => {
      const { stdout } = await curl('--reflect', '--data', '{"service": ""}', '@/grpc.health.v1.Health/Check');
      expect(JSON.parse(stdout)).toEqual({ status: 'SERVING' });
    });
  });

  const missing = missingClients();
  describe.skipIf(missing)(missing ? `tells grpcurl and Python (${missing})` : 'tells grpcurl and Python', () => {
    const grpcurl = async (...args: string[]) => {
      const { address, header } = targets[name]!;
      const more = header === undefined ? [] : ['-H', header.join(': ')];
      return (await run(goClient('grpcurl'), ['-plaintext', ...more, ...args.map((arg) => arg.replace('@', address))])).stdout;
    };

    test('what there is', async () => {
      expect((await grpcurl('@', 'list')).split('\n')).toEqual(
        expect.arrayContaining(['kumiko.partner.v1.PartnerService', 'grpc.health.v1.Health', 'grpc.reflection.v1.ServerReflection']),
      );
      expect(await grpcurl('@', 'grpc.health.v1.Health/Check')).toContain('SERVING');
    });

    test('methods with their options, and fields with their rules', async () => {
      const method = await grpcurl('@', 'describe', publish.replace('/', '.'));
      expect(method).toMatch(/option \(\.google\.api\.http\) = \{\s+post: "\/v1\/partner\/\{name=deals\/\*\}:publish",\s+body: "\*"\s+\};/);
      expect(method).toContain('access: ACCESS_PARTNER');
      expect(await grpcurl('@', 'describe', 'kumiko.partner.v1.Deal')).toMatch(
        /\(\.buf\.validate\.field\) = \{ string: \{ max_len: 120 \} \}/,
      );
    });

    test("enough for a descriptor pool of Python's, which asks for dependencies and extensions", async () => {
      const { address, header = [] } = targets[name]!;
      const args = [join(import.meta.dirname, 'describe.py'), address, publish.replace('/', '.'), 'kumiko.platform.v1.method', ...header];
      const { stdout } = await run('python3', args, { env: { ...process.env, PYTHONPATH: pythonPath() } });
      const found = JSON.parse(stdout) as { services: string[]; input: object; option: string; health: string };
      expect(found.services).toEqual(expect.arrayContaining(['kumiko.partner.v1.PartnerService', 'grpc.health.v1.Health']));
      expect(found.input).toHaveProperty('name');
      expect(found.option).toContain('access: ACCESS_PARTNER');
      expect(found.health).toBe('SERVING');
    });
  });
});
