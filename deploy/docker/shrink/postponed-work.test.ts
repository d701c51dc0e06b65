import { join } from 'node:path';
import { protoCamelCase } from '@bufbuild/protobuf/reflect';
import { loadSync } from '@grpc/proto-loader';
import * as semanticConventions from '@opentelemetry/semantic-conventions';
import { expect, test } from 'vitest';
import { bundledModule } from './bundled-module.ts';
import { changed } from './postponed-work.ts';

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
    const bundled = (await bundledModule(`export { loadSync } from '@grpc/proto-loader';`)) as { loadSync: typeof loadSync };
    const told = loadSync(proto)[name]![what];
    expect(told).toBeDefined();
    expect(bundled.loadSync(proto)[name]![what]).toEqual(told);
  },
);

test('every name of OpenTelemetry is there, those that it has given up too', async () => {
  const bundled = (await bundledModule(`export * as names from '@opentelemetry/semantic-conventions';`)) as {
    names: Record<string, unknown>;
  };
  expect(Object.keys(semanticConventions)).toContain('SEMATTRS_HTTP_URL');
  // Some are made from a part.
  const name = (value: unknown) => (typeof value === 'function' ? value('part') : value);
  for (const [key, value] of Object.entries(semanticConventions)) expect(name(bundled.names[key]), key).toEqual(name(value));
});

test('JSON names are made as by protobuf-es', async () => {
  const bundled = (await bundledModule(`export { protoCamelCase } from '@bufbuild/protobuf/reflect';`)) as {
    protoCamelCase: typeof protoCamelCase;
  };
  for (const name of ['name', 'create_time', 'a_b_c', '_a', 'a_', 'a__b', 'a_1b', 'a1_b2', 'aB_cD', 'A_b', '_', '']) {
    expect(bundled.protoCamelCase(name), name).toBe(protoCamelCase(name));
  }
});
