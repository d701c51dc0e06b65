import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { compileBootstrap } from '../../gateway/bootstrap/compile-bootstrap.ts';
import { parseGatewayEnvironment } from '../../gateway/bootstrap/gateway-environment.ts';
import { startTokenAuthority } from '../../gateway/conformance/tokens.ts';
import { startEnvoy } from '../../gateway/envoy/start-envoy.ts';
import { descriptorFile } from '../../services/platform/contracts/descriptor-file.ts';

const root = join(import.meta.dirname, '../..');
const localFile = join(root, 'gateway/bootstrap/environments/local.yaml');

/** The edge of the local platform, for the services of the product that KUMIKO_PRODUCT names, all on one port. */
export async function startEdge(upstreamPort: number): Promise<{ readonly port: number; close(): Promise<void> }> {
  const authority = await startTokenAuthority();
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-edge-'));
  const { introspection: _, ...local } = parse(readFileSync(localFile, 'utf8')) as Record<string, unknown>;
  const environment = parseGatewayEnvironment(
    {
      ...local,
      services: `http://127.0.0.1:${upstreamPort}`,
      metadataServer: { host: '127.0.0.1', port: authority.port },
      descriptorFile,
      wasmDir: join(root, 'wasm-filters/build'),
    },
    localFile,
  );
  const envoy = await startEnvoy(compileBootstrap({ role: 'edge', environment }), { folder });
  return {
    port: envoy.ports['edge']!,
    close: async () => {
      await Promise.all([envoy.close(), authority.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
