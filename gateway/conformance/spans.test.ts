import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveOtlpGrpc } from '../../deploy/local/cloud/traces/otlp-grpc.ts';
import type { Span } from '../../deploy/local/cloud/traces/span.ts';
import { compileBootstrap } from '../bootstrap/compile-bootstrap.ts';
import { type RunningEnvoy, startEnvoy } from '../envoy/start-envoy.ts';
import { send } from './case-client.ts';
import { environmentOf } from './local-environment.ts';
import { type Surroundings, startSurroundings } from './surroundings.ts';

const trace = '0af7651916cd43dd8448eb211c80319c';
const parent = 'b7ad6b7169203331';

let around: Surroundings;
let collector: Awaited<ReturnType<typeof serveOtlpGrpc>>;
let envoy: RunningEnvoy;
const spans: Span[] = [];

beforeAll(async () => {
  around = await startSurroundings();
  collector = await serveOtlpGrpc(0, (arrived) => spans.push(...arrived));
  const environment = { ...environmentOf(around), otelCollector: { host: '127.0.0.1', port: collector.port, samplingPercent: 100 } };
  envoy = await startEnvoy(compileBootstrap({ role: 'edge', environment }), { folder: around.files.folder });
});

afterAll(async () => {
  await envoy.close();
  collector.close();
  await around.close();
});

test('a sampled request leaves a span of its own and one for each attempt, all of the caller’s trace, within a second', async () => {
  const headers = [['traceparent', `00-${trace}-${parent}-01`]] as const;
  around.upstream.script({ reset: 'refused-stream', times: 1 });
  await send(envoy.ports['edge']!, { protocol: 'HTTP/1.1', method: 'GET', path: '/v1/deals/tea', headers, body: undefined });
  const upstreamParents = around.upstream.seen.map((seen) => seen.headers.get('traceparent')!.split('-')[2]);
  await expect.poll(() => spans).toHaveLength(3);
  const ingress = spans.find((span) => span.parent === parent)!;
  expect(ingress).toMatchObject({ trace, service: 'kumiko-edge-gateway', kind: 'server' });
  const attempts = spans.filter((span) => span.parent === ingress.id);
  expect(attempts.map((span) => span.kind)).toEqual(['client', 'client']);
  expect(attempts.map((span) => span.id).toSorted()).toEqual(upstreamParents.toSorted());
});

test('a request that is not sampled leaves none', async () => {
  spans.length = 0;
  around.upstream.script(undefined);
  for (const flags of ['00', '01']) {
    const headers = [['traceparent', `00-${trace}-${parent}-${flags}`]] as const;
    await send(envoy.ports['edge']!, { protocol: 'HTTP/1.1', method: 'GET', path: `/v1/deals/${flags}`, headers, body: undefined });
  }
  // What the second one leaves has come after what the first one would have left.
  await expect.poll(() => spans).toHaveLength(2);
  expect(JSON.stringify(spans)).not.toContain('/v1/deals/00');
});
