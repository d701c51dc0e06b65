import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startIssuer } from '../../deploy/local/issuer/issuer.ts';
import { systemClock } from '../../deploy/local/local-server.ts';
import { startMetadataServer } from '../../deploy/local/metadata-server/metadata-server.ts';
import { type Ports, portNames } from '../../deploy/local/platform/ports.ts';
import { gatewayEnvironment, project } from '../../deploy/local/platform/surroundings.ts';
import { compileBootstrap } from '../../gateway/bootstrap/compile-bootstrap.ts';
import type { GatewayEnvironment } from '../../gateway/bootstrap/environment.ts';
import { serviceAccountEmail } from '../../services/contracts/identities.ts';
import { type ServerProcess, startServerProcess } from '../load/server-process.ts';

const root = join(import.meta.dirname, '../..');

/** How a gateway differs from that of the local platform. */
export interface GatewayOptions {
  /** Without it every request's token is verified. */
  readonly tokenCache: boolean;
  readonly environment?: Partial<GatewayEnvironment>;
  /** The folder of its CPU profile. */
  readonly profiles?: string;
}

/** What an edge gateway needs around it: an issuer, its metadata server, and a bare gRPC server in the place of the customer service. */
export interface EdgeSurroundings {
  readonly issuerPort: number;
  readonly metadataPort: number;
  readonly upstream: ServerProcess;
  /** Tokens of as many customers. */
  customerTokens(count: number): Promise<string[]>;
  /** The embedded data plane on the compiled bootstrap, with the real filters. */
  startGateway(options: GatewayOptions): Promise<ServerProcess>;
  close(): Promise<void>;
}

/** Starts them. */
export async function startEdgeSurroundings(): Promise<EdgeSurroundings> {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  const issuer = await startIssuer({ port: 0, stateDir, project, clock: systemClock });
  const metadata = await startMetadataServer({
    port: 0,
    project,
    clock: systemClock,
    email: serviceAccountEmail('edge-gateway', project),
    mintIdToken: issuer.mintIdToken,
  });
  const upstream = await startServerProcess(join(root, 'bench/servers/bare-grpc.ts'));
  const gateways: ServerProcess[] = [];
  let bootstraps = 0;
  const ports = {
    ...Object.fromEntries(portNames.map((name) => [name, 0])),
    issuer: issuer.port,
    metadata_edge_gateway: metadata.port,
    // The other services are never called.
    ...Object.fromEntries(['customer', 'partner', 'webhook', 'job'].map((name) => [name, upstream.port])),
  } as unknown as Ports;

  return {
    issuerPort: issuer.port,
    metadataPort: metadata.port,
    upstream,
    customerTokens: (count) =>
      Promise.all(Array.from({ length: count }, (_, index) => issuer.mintCustomerToken({ sub: `customer-${index}` }))),
    startGateway: async ({ tokenCache, environment, profiles }) => {
      const bootstrap = compileBootstrap({ role: 'edge', environment: { ...gatewayEnvironment(ports, 'edge'), ...environment } });
      const file = join(stateDir, `edge-${bootstraps++}.yaml`);
      // JSON is YAML.
      writeFileSync(
        file,
        JSON.stringify(bootstrap, (key, value) => (key === 'jwt_cache_config' && !tokenCache ? undefined : value)),
      );
      const gateway = await startServerProcess(join(root, 'gateway/main.ts'), {
        args: ['run', file],
        listener: 'edge',
        ...(profiles !== undefined && { profiles }),
      });
      gateways.push(gateway);
      return gateway;
    },
    close: async () => {
      await Promise.all([...gateways, upstream].map((server) => server.stop()));
      await Promise.all([issuer.close(), metadata.close()]);
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
