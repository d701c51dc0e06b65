import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { compileBootstrap } from '../../gateway/bootstrap/compile-bootstrap.ts';
import { readGatewayEnvironment } from '../../gateway/bootstrap/gateway-environment.ts';
import { environmentFolder } from '../../gateway/bootstrap/golden.ts';
import { type MetadataServer, startMetadataServer } from '../../gateway/conformance/metadata-server.ts';
import { startTokenAuthority, type TokenAuthority } from '../../gateway/conformance/tokens.ts';
import { startToldPreviews, type ToldPreviews } from '../../gateway/control-plane/testing/told-previews.ts';
import { adminPage } from '../../gateway/envoy/admin-page.ts';
import { type RunningEnvoy, startEnvoy } from '../../gateway/envoy/start-envoy.ts';

interface EnvoyMetrics {
  readonly receivers: {
    readonly 'prometheus/envoy': {
      readonly config: { readonly scrape_configs: readonly [{ readonly metric_relabel_configs: readonly [{ readonly regex: string }] }] };
    };
  };
}

const { receivers } = parse(readFileSync(join(import.meta.dirname, 'envoy-metrics.yaml'), 'utf8')) as EnvoyMetrics;
// The collector matches the whole name (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config).
const kept = new RegExp(`^(?:${receivers['prometheus/envoy'].config.scrape_configs[0].metric_relabel_configs[0].regex})$`);

const folder = mkdtempSync(join(tmpdir(), 'kumiko-envoy-metrics-'));
let envoy: RunningEnvoy;
let authority: TokenAuthority;
let metadata: MetadataServer;
let controlPlane: ToldPreviews;

beforeAll(async () => {
  const environment = readGatewayEnvironment(join(environmentFolder, 'local.yaml'));
  controlPlane = await startToldPreviews();
  controlPlane.tell([{ service: 'partner', tag: 'pr-1', url: 'http://127.0.0.1:9' }]);
  const previews = { controlPlane: controlPlane.url };
  // A request without a token to send on is refused at its headers, and its messages are not counted.
  authority = await startTokenAuthority();
  metadata = await startMetadataServer(authority.identityToken, new Set());
  const metadataServer = { host: '127.0.0.1', port: metadata.port };
  envoy = await startEnvoy(compileBootstrap({ role: 'edge', environment: { ...environment, previews, metadataServer } }), { folder });
});
afterAll(async () => {
  await envoy.close();
  controlPlane.close();
  await Promise.all([metadata.close(), authority.close()]);
  rmSync(folder, { recursive: true });
});

/** The names that the document's table gives in full or by their ending. */
function documented(): string[] {
  const rows = readFileSync('docs/reference/observability.md', 'utf8').match(/^\| `(envoy|metadata_token|dynamic_routing)_.*$/gm) ?? [];
  return rows.flatMap((row) => {
    let stem = '';
    return [...row.split('|')[1]!.matchAll(/`([a-z0-9_]+)`/g)].map(([, name = '']) => {
      if (!name.startsWith('_')) stem = name;
      return name.startsWith('_') ? stemOf(stem) + name : name;
    });
  });
}

/** "envoy_http_downstream" of "envoy_http_downstream_rq_total": what the endings of a row are endings of. */
function stemOf(name: string): string {
  const stems = ['envoy_http_downstream', 'envoy_http_jwt_authn', 'envoy_http_rbac', 'envoy_http_local_rate_limit', 'envoy_cluster_grpc'];
  return [...stems, 'envoy_cluster_upstream_rq', 'metadata_token', 'dynamic_routing'].find((stem) => name.startsWith(stem))!;
}

test('Envoy has every statistic that the document names, under that name, and the collector keeps it', async () => {
  // A call that no service answers: it is counted, and so is what became of it.
  await fetch(`http://127.0.0.1:${envoy.ports['edge']}/v1/deals`);
  const page = await adminPage(envoy.adminPort, '/stats/prometheus');
  const served = new Set([...page.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name));
  expect(documented().length).toBeGreaterThan(25);
  // There with the first answer: tests/edge-protocols.test.ts.
  const ofAnswers = /^envoy_cluster_(grpc_(success|failure|total|\d+)|upstream_rq_time)$/;
  expect(documented().filter((name) => !served.has(name) && !ofAnswers.test(name))).toEqual([]);
  expect(page).toMatch(
    /^envoy_cluster_grpc_request_message_count\{envoy_grpc_bridge_method="ListDeals",envoy_grpc_bridge_service="kumiko_customer_v1_CustomerService",/m,
  );
  expect(documented().filter((name) => !kept.test(name))).toEqual([]);
});
