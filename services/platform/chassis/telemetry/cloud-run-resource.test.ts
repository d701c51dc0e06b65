import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { context, metrics, trace } from '@opentelemetry/api';
import protobuf from 'protobufjs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startMetadataServer } from '../../../../deploy/local/cloud/metadata-server/metadata-server.ts';
import { startTelemetry } from './start-telemetry.ts';
import type { Telemetry } from './telemetry.ts';

/** The resource of OTLP's requests, which is at the same place for traces and metrics (opentelemetry/proto/collector/…). */
const exported = protobuf
  .parse(`
    syntax = "proto3";
    message Exported { repeated OfResource of_resource = 1; }
    message OfResource { Resource resource = 1; }
    message Resource { repeated KeyValue attributes = 1; }
    message KeyValue { string key = 1; AnyValue value = 2; }
    message AnyValue { string string_value = 1; }
  `)
  .root.lookupType('Exported');

let collector: Server;
/** The attributes of each export's resource, by path. */
const resources = new Map<string, Record<string, string>>();
let telemetry: Telemetry | undefined;

beforeEach(async () => {
  resources.clear();
  collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const { ofResource } = exported.toObject(exported.decode(Buffer.concat(chunks))) as {
        ofResource: { resource: { attributes: { key: string; value: { stringValue: string } }[] } }[];
      };
      const attributes = ofResource[0]?.resource.attributes.map(({ key, value }) => [key, value.stringValue]);
      resources.set(request.url ?? '', Object.fromEntries(attributes ?? []));
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  // As Cloud Run has it: https://docs.cloud.google.com/run/docs/container-contract#services-env-vars.
  vi.stubEnv('K_SERVICE', 'customer');
  vi.stubEnv('K_REVISION', 'customer-v42');
  vi.stubEnv('K_CONFIGURATION', 'customer');
  vi.stubEnv('METADATA_SERVER_DETECTION', undefined);
  // What is known of the metadata server is known to a process for good.
  vi.resetModules();
});

afterEach(async () => {
  await telemetry?.shutdown();
  telemetry = undefined;
  collector.closeAllConnections();
  collector.close();
  trace.disable();
  metrics.disable();
  context.disable();
  vi.unstubAllEnvs();
});

/** Starts telemetry and leaves a span and a count, which are due at once. */
async function start(): Promise<void> {
  telemetry = await startTelemetry({
    service: 'customer',
    endpoint: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    delayMs: 1,
    metricIntervalMs: 1,
    sampler: 'always_on',
    samplerRatio: 1,
  });
  trace.getTracer('test').startSpan('read').end();
  metrics.getMeter('test').createCounter('test.things').add(1);
}

test('spans and metrics of an instance on Cloud Run say which service, revision, instance, region and project it is', async () => {
  const metadata = await startMetadataServer({
    port: 0,
    email: 'kumiko-customer@kumiko-local.iam.gserviceaccount.com',
    project: 'kumiko-local',
    clock: { now: Date.now, schedule: () => () => {} },
    mintIdToken: async () => '',
  });
  vi.stubEnv('GCE_METADATA_HOST', `127.0.0.1:${metadata.port}`);
  const id = await (
    await fetch(`http://127.0.0.1:${metadata.port}/computeMetadata/v1/instance/id`, { headers: { 'metadata-flavor': 'Google' } })
  ).text();
  await start();
  await telemetry?.shutdown();
  await metadata.close();
  for (const path of ['/v1/traces', '/v1/metrics']) {
    expect(resources.get(path), path).toEqual({
      'service.name': 'customer',
      'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'cloud.provider': 'gcp',
      'cloud.platform': 'gcp_cloud_run',
      'cloud.account.id': 'kumiko-local',
      'cloud.region': 'asia-northeast1',
      'faas.name': 'customer',
      'faas.version': 'customer-v42',
      'faas.instance': id,
      'telemetry.sdk.language': 'nodejs',
      'telemetry.sdk.name': 'opentelemetry',
      'telemetry.sdk.version': expect.any(String),
    });
  }
});

test('a metadata server that says nothing holds up neither the start nor a request', async () => {
  const sockets: Socket[] = [];
  const silent = createTcpServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  vi.stubEnv('GCE_METADATA_HOST', `127.0.0.1:${(silent.address() as AddressInfo).port}`);
  await start();
  await new Promise((resolve) => setTimeout(resolve, 5));
  await telemetry?.flushWhenDue();
  expect(resources.size).toBe(0);
  // What was held back comes without what could not be found out.
  await telemetry?.shutdown();
  for (const path of ['/v1/traces', '/v1/metrics']) expect(resources.get(path)).toMatchObject({ 'service.name': 'customer' });
  for (const socket of sockets) socket.destroy();
  silent.close();
});
