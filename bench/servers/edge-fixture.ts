import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startIssuer } from '../../deploy/local/cloud/issuer/issuer.ts';
import { startMetadataServer } from '../../deploy/local/cloud/metadata-server/metadata-server.ts';
import { localGatewayEnvironment } from '../../deploy/local/platform/local-gateway-environment.ts';
import { project } from '../../deploy/local/platform/place.ts';
import { type Ports, portNames, portNamesOf } from '../../deploy/local/platform/ports.ts';
import { systemClock } from '../../deploy/local/shared/local-server.ts';
import { compileBootstrap } from '../../gateway/bootstrap/compile-bootstrap.ts';
import type { GatewayEnvironment } from '../../gateway/bootstrap/gateway-environment.ts';
import { startToldPreviews } from '../../gateway/control-plane/testing/told-previews.ts';
import { serviceAccountEmail } from '../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { type ServerProcess, startServerProcess } from '../load/server-process.ts';
import { editManager, type Manager, type ManagerEdit } from './edge-bootstraps.ts';
import { startEnvoyServer } from './envoy-server.ts';

const root = join(import.meta.dirname, '../..');

/** How a gateway differs from that of the local platform, which has neither limits nor compression, previews nor CORS here unless told. */
export interface GatewayOptions {
  /** Without it every request's token is verified. */
  readonly tokenCache?: boolean;
  readonly environment?: Partial<GatewayEnvironment>;
  /** Tokens may ask for previews. */
  readonly previews?: boolean;
  /** Origins of this machine may call, as everywhere on a laptop. */
  readonly cors?: boolean;
  /** A last change of what was compiled, behind all others. */
  readonly edit?: ManagerEdit;
}

const perSecond = 1_000_000;

/** Every filter that a deployment can have. Nothing of a benchmark is limited, or goes to the preview. */
export const everythingOn: GatewayOptions = {
  environment: {
    rateLimits: { clientPerSecond: perSecond, callerPerSecond: perSecond, anonymousPerSecond: perSecond },
    compression: true,
  },
  previews: true,
  cors: true,
};

/** What an edge gateway needs around it: an issuer, its metadata server, and a bare gRPC server in the place of the customer service. */
export interface EdgeFixture {
  readonly issuerPort: number;
  readonly metadataPort: number;
  readonly upstream: ServerProcess;
  /** Tokens of as many customers; they can ask for previews by service. */
  customerTokens(count: number, preview?: Readonly<Record<string, string>>): Promise<string[]>;
  /** An Envoy on the compiled bootstrap. */
  startGateway(options?: GatewayOptions): Promise<ServerProcess>;
  close(): Promise<void>;
}

/** Starts them. */
export async function startEdgeFixture(): Promise<EdgeFixture> {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  const issuer = await startIssuer({ port: 0, stateDir, project, clock: systemClock });
  const metadata = await startMetadataServer({
    port: 0,
    project,
    clock: systemClock,
    email: serviceAccountEmail('edge-gateway', project),
    mintIdToken: issuer.mintIdToken,
  });
  const controlPlane = await startToldPreviews();
  controlPlane.tell([{ service: 'partner', tag: 'pr-123', url: 'http://127.0.0.1:1' }]);
  const upstream = await startServerProcess(join(root, 'bench/servers/bare-grpc.ts'));
  const gateways: ServerProcess[] = [];
  const ports = {
    ...Object.fromEntries(portNames.map((name) => [name, 0])),
    issuer: issuer.port,
    metadata_edge_gateway: metadata.port,
    // The other services are never called.
    ...Object.fromEntries(serviceNames.flatMap(portNamesOf).map((name) => [name, upstream.port])),
  } as unknown as Ports;

  return {
    issuerPort: issuer.port,
    metadataPort: metadata.port,
    upstream,
    customerTokens: (count, preview) =>
      Promise.all(Array.from({ length: count }, (_, index) => issuer.mintCustomerToken({ sub: `customer-${index}`, preview }))),
    startGateway: async ({ tokenCache = true, environment, previews = false, cors = false, edit = (manager: Manager) => manager } = {}) => {
      const { rateLimits: _, previews: __, ...local } = localGatewayEnvironment(ports, 'edge');
      // Only a laptop's gateway has CORS without any origin. The name decides nothing else that costs anything.
      const name = cors ? 'local' : 'production';
      const compiled = compileBootstrap({
        role: 'edge',
        environment: {
          ...local,
          name,
          compression: false,
          ...(previews && { previews: { controlPlane: controlPlane.url } }),
          ...environment,
        },
      });
      const bootstrap = editManager(compiled, edit);
      const gateway = await startEnvoyServer(tokenCache ? bootstrap : withoutTokenCache(bootstrap), stateDir);
      gateways.push(gateway);
      return gateway;
    },
    close: async () => {
      await Promise.all([...gateways, upstream].map((server) => server.stop()));
      controlPlane.close();
      await Promise.all([issuer.close(), metadata.close()]);
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

function withoutTokenCache(bootstrap: object): object {
  return JSON.parse(JSON.stringify(bootstrap, (key, value) => (key === 'jwt_cache_config' ? undefined : value)));
}
