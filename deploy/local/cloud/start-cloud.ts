import { createLocalJWKSet } from 'jose';
import { audienceOf, serviceAccountEmail } from '../../../services/platform/contracts/identities.ts';
import { invokersOf } from '../../../services/platform/contracts/invokers.ts';
import { startCarrier } from '../outside-world/carrier/carrier.ts';
import { startInventory } from '../outside-world/inventory/inventory.ts';
import { startPaymentProvider } from '../outside-world/payment-provider/payment-provider.ts';
import type { Ports } from '../platform/ports.ts';
import type { LocalPreview } from '../platform/previews.ts';
import type { LocalSecrets } from '../platform/secrets.ts';
import { serviceNames } from '../platform/service-names.ts';
import { location, project } from '../platform/surroundings.ts';
import { ensureTopology } from '../platform/topology.ts';
import { type Clock, systemClock } from '../shared/local-server.ts';
import { startCloudRunFront } from './cloud-run-front/cloud-run-front.ts';
import { startIssuer } from './issuer/issuer.ts';
import { startMetadataServers } from './metadata-server/metadata-server.ts';
import { startPubsub } from './pubsub/start-pubsub.ts';
import { type DeliveryFaults, DeliveryMishaps } from './push/delivery-faults.ts';
import { startScheduler } from './scheduler/start-scheduler.ts';
import { startTasks } from './tasks/start-tasks.ts';

/** What the local cloud is started with. */
export interface CloudOptions {
  readonly ports: Ports;
  readonly previews: readonly LocalPreview[];
  readonly stateDir: string;
  readonly secrets: LocalSecrets;
  /** Takes in traces. */
  readonly traces: boolean;
}

/** The running local cloud. */
export interface Cloud {
  /** Lets Pub/Sub, Cloud Tasks, Scheduler and the outside world call the gateways: before, nothing is there to answer. */
  release(): void;
  /** Replaces what goes wrong in the local cloud; `{}` lifts everything. */
  disturb(disturbance: Disturbance): void;
}

/** What goes wrong in the local cloud, in drills. */
export interface Disturbance {
  /** Of Pub/Sub, Cloud Tasks and the outside world's webhooks. */
  readonly deliveries?: DeliveryFaults;
  /** The metadata servers do not answer. */
  readonly metadataDown?: boolean;
}

/**
 * Starts everything of the local cloud and of the outside world but Spanner, in this process.
 *
 * @param clock business time, by which things fall due. Whoever makes or checks tokens has the machine's: so has everyone who looks at them.
 */
export async function startCloud({ ports, previews, stateDir, secrets, traces }: CloudOptions, clock: Clock): Promise<Cloud> {
  const issuer = await startIssuer({ port: ports.issuer, stateDir, project, clock: systemClock });
  const mintIdToken = issuer.mintIdToken;
  const keys = createLocalJWKSet(issuer.jwks('google'));
  const held = true;
  const mishaps = new DeliveryMishaps();
  let metadataDown = false;

  const [pubsub, tasks, scheduler, paymentProvider, carrier] = await Promise.all([
    startPubsub({ port: ports.pubsub, stateDir, clock, mintIdToken, held, mishaps }),
    startTasks({ port: ports.tasks, stateDir, clock, mintIdToken, held, mishaps }),
    startScheduler({ port: ports.scheduler, stateDir, clock, mintIdToken, held }),
    startPaymentProvider({
      port: ports.payment_provider,
      stateDir,
      clock,
      key: secrets.paymentKey,
      webhookSecret: secrets.paymentWebhookSecret,
      mishaps,
    }),
    startCarrier({ port: ports.carrier, stateDir, clock, key: secrets.carrierKey, webhookSecret: secrets.carrierWebhookSecret, mishaps }),
    startInventory({ port: ports.inventory, stateDir, clock, key: secrets.inventoryKey }),
    startMetadataServers({
      project,
      mintIdToken,
      clock: systemClock,
      isDown: () => metadataDown,
      ports: {
        'edge-gateway': ports.metadata_edge_gateway,
        'jobs-gateway': ports.metadata_jobs_gateway,
        customer: ports.metadata_customer,
        partner: ports.metadata_partner,
        webhook: ports.metadata_webhook,
        job: ports.metadata_job,
      },
    }),
    traces &&
      import('./traces/start-traces.ts').then(({ startTraces }) =>
        startTraces({ port: ports.traces, grpcPort: ports.traces_grpc, stateDir }),
      ),
    // All revisions of a service have its audience and its invokers.
    ...[
      ...serviceNames.map((service) => ({ service, port: ports[service], containerPort: ports[`${service}_container`] })),
      ...previews,
    ].map(({ service, port, containerPort }) =>
      startCloudRunFront({
        port,
        audience: audienceOf(service, project),
        allowedEmails: invokersOf(service).map((workload) => serviceAccountEmail(workload, project)),
        keys,
        clock: systemClock,
        targetPort: containerPort,
      }),
    ),
  ]);
  ensureTopology({ pubsub, tasks, scheduler, project, location, jobsGatewayUrl: `http://127.0.0.1:${ports.jobs}` });

  return {
    release() {
      pubsub.release();
      tasks.release();
      scheduler.release();
      paymentProvider.setWebhookUrl(`http://127.0.0.1:${ports.edge}/v1/webhooks/payments/yamapay`);
      carrier.setWebhookUrl(`http://127.0.0.1:${ports.edge}/v1/webhooks/shipments/hayabusa`);
    },
    disturb(disturbance) {
      mishaps.set(disturbance.deliveries);
      metadataDown = disturbance.metadataDown ?? false;
    },
  };
}
