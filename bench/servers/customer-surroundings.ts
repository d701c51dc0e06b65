import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Broker } from '../../deploy/local/cloud/pubsub/broker.ts';
import { startPubsub } from '../../deploy/local/cloud/pubsub/start-pubsub.ts';
import { startPaymentProvider } from '../../deploy/local/outside-world/payment-provider/payment-provider.ts';
import { systemClock } from '../../deploy/local/shared/local-server.ts';
import type { Database } from '../../services/platform/cloud/spanner/database.ts';
import { openDatabase } from '../../services/platform/cloud/spanner/spanner-database.ts';
import { type FaultProxy, startFaultProxy } from '../../services/platform/testing/spanner/fault-proxy.ts';
import { startTestIssuer, type TestIssuer } from '../../services/platform/testing/test-issuer.ts';
import { project, testEnv } from '../../services/platform/testing/test-service.ts';
import { startServerProcess } from '../load/server-process.ts';

const root = join(import.meta.dirname, '../..');

/** The customer service with all that it needs, and a proxy that counts its calls of the database. */
export interface CustomerSurroundings {
  /** Of the service, as from behind the platform's IAM check. */
  readonly url: string;
  readonly issuer: TestIssuer;
  readonly proxy: FaultProxy;
  /** The variables of the service. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of the local Pub/Sub, which has the service's topics and no subscription. */
  readonly broker: Broker;
  /** Its database, past the proxy. */
  openDatabase(): Database;
  close(): Promise<void>;
}

/** Starts them on an empty database. No transaction is aborted without a cause. */
export async function startCustomerSurroundings(): Promise<CustomerSurroundings> {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  const issuer = await startTestIssuer();
  const env = testEnv(issuer.jwksUri);
  const spanner = await startServerProcess(join(root, 'deploy/local/cloud/spanner/main.ts'), {
    args: ['--port', '0', '--data-dir', join(stateDir, 'spanner'), '--abort-probability', '0'],
  });
  // No metadata server is asked: neither server checks credentials.
  const emulators = { SPANNER_EMULATOR_HOST: `127.0.0.1:${spanner.port}`, METADATA_SERVER_DETECTION: 'none' };
  await promisify(execFile)(process.execPath, [join(root, 'services/platform/cloud/spanner/migrate-main.ts')], {
    env: { ...process.env, ...env, ...emulators },
  });
  const [proxy, pubsub, provider] = await Promise.all([
    startFaultProxy(emulators.SPANNER_EMULATOR_HOST),
    startPubsub({ port: 0, stateDir, clock: systemClock, mintIdToken: async () => '' }),
    startPaymentProvider({ port: 0, stateDir, clock: systemClock, key: 'key', webhookSecret: 'secret' }),
  ]);
  for (const topic of ['group-events', 'order-events'])
    pubsub.broker.createTopic({ name: `projects/${project}/topics/${topic}`, labels: {} });
  const environment = {
    ...env,
    ...emulators,
    SPANNER_EMULATOR_HOST: proxy.host,
    PUBSUB_EMULATOR_HOST: `127.0.0.1:${pubsub.port}`,
    PAYMENT_PROVIDER: 'yamapay',
    PAYMENT_PROVIDER_URL: `http://127.0.0.1:${provider.port}`,
    PAYMENT_PROVIDER_KEY: 'key',
  };
  const service = await startServerProcess(join(root, 'services/customer/main.ts'), { env: environment });
  return {
    url: `http://127.0.0.1:${service.port}`,
    issuer,
    proxy,
    environment,
    broker: pubsub.broker,
    openDatabase: () => {
      // Google's client reads it from there.
      Object.assign(process.env, emulators);
      return openDatabase({ project, instance: env['SPANNER_INSTANCE']!, database: env['SPANNER_DATABASE']! });
    },
    close: async () => {
      await service.stop();
      await Promise.all([proxy.close(), spanner.stop(), pubsub.close(), provider.close(), issuer.close()]);
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
