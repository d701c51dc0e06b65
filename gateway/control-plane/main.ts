/** The control plane: tells gateways and services which previews there are. */
import { setTimeout as delay } from 'node:timers/promises';
import { credentials, type Metadata } from '@grpc/grpc-js';
import { PassThroughClient } from 'google-auth-library';
import { ConfigError, loadConfig } from '../../services/platform/chassis/process/config.ts';
import { standardOutput } from '../../services/platform/chassis/telemetry/log-destination.ts';
import { createLogger } from '../../services/platform/chassis/telemetry/logger.ts';
import { operatorIdentifier, principalIdentifier } from '../../services/platform/chassis/trust/platform-identity.ts';
import { controlPlane } from '../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { controlPlaneShape } from './config.ts';
import { listPreviews } from './list-previews.ts';
import { PreviewStore } from './preview-store.ts';
import { PreviewWatch } from './preview-watch.ts';
import { startControlPlane } from './start-control-plane.ts';
import { startStatusPage } from './status-page.ts';

const destination = standardOutput();
main().catch((error: unknown) => {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${controlPlane}: ${error.message}\n`);
  process.exit(1);
});

async function main(): Promise<void> {
  const config = loadConfig(controlPlaneShape, process.env);
  const { GOOGLE_CLOUD_PROJECT: project, RUN_API_ENDPOINT: endpoint, CHANGES_SUBSCRIPTION: subscription } = config;
  const logger = createLogger({ service: controlPlane, level: config.LOG_LEVEL, destination });
  const store = new PreviewStore();
  const identifyPrincipal = principalIdentifier(project);
  const isOperator = operatorIdentifier(config.OPERATOR_EMAILS);
  // Google's clients take time to load: who asks meanwhile waits for the first listing.
  const client = import('@google-cloud/run').then(
    ({ v2 }) => new v2.ServicesClient({ projectId: project, ...(endpoint !== undefined && localServer(endpoint)) }),
  );
  const watch = new PreviewWatch({
    store,
    list: async () => listPreviews({ client: await client, parents: config.RUN_LOCATIONS, services: serviceNames }),
    environment: { trustedCaFile: config.TRUSTED_CA_FILE },
    logger,
    intervalMs: config.LISTING_INTERVAL,
    wait: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
  });
  const server = await startControlPlane({
    store,
    identify: (metadata) => identifyPrincipal(first(metadata, 'x-serverless-authorization')),
    onRefused: ({ name, version, preview: { revision, url } }, words, { node, agent }) =>
      logger.error({ preview: name, version, revision, url, node, agent, words }, 'a gateway refuses a preview'),
    onWithheld: (why, { workload, node }) =>
      logger.error({ workload, node, why }, 'a client is told nothing until the listing is another one, or has come three times'),
    isOperator: (metadata) => isOperator(first(metadata, 'x-serverless-authorization'), first(metadata, 'authorization')),
    watch,
    host: config.HOST,
    port: config.PORT,
  });
  const page =
    config.STATUS_PORT === undefined ? undefined : await startStatusPage({ store, server: server.discovery, watch }, config.STATUS_PORT);
  const changes =
    subscription === undefined
      ? undefined
      : client.then(async () => (await import('./changes.ts')).watchChanges(project, subscription, () => watch.changed(), logger));
  void watch.run();
  logger.child({}, { level: 'info' }).info({ port: server.port, statusPort: page?.port }, 'listening');

  const stop = async () => {
    watch.end();
    server.close();
    page?.close();
    await (await changes)?.().catch(() => {});
    destination.flush();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
}

function first(metadata: Metadata, name: string): string | undefined {
  return metadata.get(name)[0]?.toString();
}

/** The client's options for a server of this machine, which asks nobody who he is. */
function localServer(endpoint: string) {
  const [apiEndpoint = '', port] = endpoint.split(':');
  return { apiEndpoint, port: Number(port), sslCreds: credentials.createInsecure(), authClient: new PassThroughClient() };
}
