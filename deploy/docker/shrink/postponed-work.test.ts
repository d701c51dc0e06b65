import { join } from 'node:path';
import { loadSync } from '@grpc/proto-loader';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { packageFolders } from '../packages.ts';
import { changed, postponedWork } from './postponed-work.ts';

const root = join(import.meta.dirname, '../../..');
const health = join(root, 'node_modules/grpc-health-check/proto/health/v1/health.proto');
const codes = join(root, 'node_modules/google-gax/build/protos/google/rpc/code.proto');
const messageClasses = '/anywhere/node_modules/@google-cloud/renamed-api/build/protos/protos.js';

test('message classes of a client that nothing stands in for end the build, and say where to name them', () => {
  expect(() => changed(messageClasses)).toThrow(
    '@google-cloud/renamed-api/build/protos/protos.js has message classes: name it in enumModules',
  );
});

test.each([
  ['of a message', health, 'grpc.health.v1.HealthCheckResponse', 'type'],
  ['of an enum', codes, 'google.rpc.Code', 'type'],
  ['of files', health, 'grpc.health.v1.HealthCheckRequest', 'fileDescriptorProtos'],
] as const)(
  'whoever asks a bundled proto-loader for the descriptor %s first is told as by the package itself',
  async (_, proto, name, what) => {
    const { loadSync: bundled } = await bundledProtoLoader();
    const told = loadSync(proto)[name]![what];
    expect(told).toBeDefined();
    expect(bundled(proto)[name]![what]).toEqual(told);
  },
);

/** As an image has it, with nothing loaded yet. */
async function bundledProtoLoader(): Promise<{ loadSync: typeof loadSync }> {
  const { outputFiles } = await build({
    stdin: { contents: `export { loadSync } from '@grpc/proto-loader';`, resolveDir: root },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    minifySyntax: true,
    plugins: [postponedWork(), packageFolders()],
    write: false,
  });
  const module = { exports: {} };
  new Function('module', 'exports', 'require', outputFiles[0]!.text)(
    module,
    module.exports,
    process.getBuiltinModule('module').createRequire(import.meta.url),
  );
  return module.exports as { loadSync: typeof loadSync };
}
