import { createLocalJWKSet } from 'jose';
import {
  audienceOf,
  callingWorkloads,
  controlPlane,
  runningWorkloads,
  serviceAccountEmail,
} from '../../../services/platform/contracts/identities.ts';
import { invokersOf } from '../../../services/platform/contracts/invokers.ts';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { location, operatorEmail, project } from '../platform/place.ts';
import { metadataPort, outsidePort, type Ports, servicePort } from '../platform/ports.ts';
import { changesTo } from '../platform/run-changes.ts';
import { ensureRunServices } from '../platform/run-topology.ts';
import { type LocalSecrets, secretOf } from '../platform/secrets.ts';
import { ensureTopology } from '../platform/topology.ts';
import { type Clock, systemClock } from '../shared/local-server.ts';
import { type CloudRunFront, startCloudRunFront } from './cloud-run-front/cloud-run-front.ts';
import type { Observer } from './inspect/start-observer.ts';
import type { InstanceHost } from './instances/instance-host.ts';
import type { InstanceUse } from './instances/instance-use.ts';
import { alwaysOn, type RevisionLimits } from './instances/limits.ts';
import { RevisionPool } from './instances/revision-pool.ts';
import { ServiceTraffic } from './instances/service-traffic.ts';
import { startIssuer } from './issuer/issuer.ts';
import { startMetadataServers } from './metadata-server/metadata-server.ts';
import { outsideWorld } from './outside-systems.ts';
import { startPubsub } from './pubsub/start-pubsub.ts';
import { type DeliveryFaults, DeliveryMishaps } from './push/delivery-faults.ts';
import type { OnDelivery } from './push/http-dispatcher.ts';
import { type RunServer, startRun } from './run/start-run.ts';
import { startScheduler } from './scheduler/start-scheduler.ts';
import { startTasks } from './tasks/start-tasks.ts';

/** What the local cloud is started with. */
export interface CloudOptions {
  readonly ports: Ports;
  readonly stateDir: string;
  readonly secrets: LocalSecrets;
  /** Takes in traces, and keeps what passes between the parts of the platform. */
  readonly traces: boolean;
  /** How many instances each service and the control plane have, by name. */
  readonly limits: Readonly<Record<string, RevisionLimits>>;
  /** When this run of the platform began, in milliseconds since the epoch. */
  readonly startedMs: number;
}

/** The running local cloud. */
export interface Cloud {
  /** Lets Pub/Sub, Cloud Tasks, Scheduler and the outside world call the gateways: before, nothing is there to answer. */
  release(): void;
  /** Replaces what goes wrong in the local cloud; `{}` lifts everything. */
  disturb(disturbance: Disturbance): void;
  /** Opens a front with IAM check before one more revision of a service. @throws where its port is taken. */
  openFront(front: Front): Promise<void>;
  /** Closes it again once nobody has called for a moment: who knew of it may still have requests there. */
  closeFront(port: number): Promise<void>;
  /** Lets every instance run, or stand still again where it has no request. Each `true` is followed by a `false`. */
  holdInstances(hold: boolean): void;
  /** What all instances have used since this local cloud has started. */
  instanceUse(): InstanceUse[];
}

/** A front, and the revision that stands behind it. */
export interface Front {
  readonly service: string;
  /** The service's name for its default revision. */
  readonly revision: string;
  readonly port: number;
  readonly limits: RevisionLimits;
  /** So many instances of it have been started already. */
  readonly startedAhead: number;
}

/** No request for so long: the gateways have gone. */
const quietMs = 500;
/** Streams that stay open for longer than this are cut. */
const drainLimitMs = 10_000;

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
 * @param host runs the instances of services.
 */
export async function startCloud(
  { ports, stateDir, secrets, traces, startedMs, limits }: CloudOptions,
  clock: Clock,
  host: InstanceHost,
): Promise<Cloud> {
  const issuer = await startIssuer({ port: ports.issuer, stateDir, project, clock: systemClock });
  const mintIdToken = issuer.mintIdToken;
  const keys = createLocalJWKSet(issuer.jwks('google'));
  const held = true;
  const mishaps = new DeliveryMishaps();
  let metadataDown = false;
  // Before it is loaded nothing is released to call anybody.
  let observer: Observer | undefined;
  const onDelivery: OnDelivery = (...delivery) => observer?.onDelivery(...delivery);

  const fronts = new Map<number, { readonly front: CloudRunFront; readonly pool: RevisionPool }>();
  const ended: InstanceUse[] = [];
  const traffic = new ServiceTraffic((uri) => fronts.get(Number(new URL(uri).port))?.pool, Math.random);
  // All revisions of a service have its audience and its invokers.
  const openFront = async ({ service, revision, port, limits, startedAhead }: Front) => {
    const pool = new RevisionPool({ revision, limits, startedAhead, host, clock: systemClock });
    const isDefault = port === servicePort(ports, service);
    const front = await startCloudRunFront({
      port,
      audience: audienceOf(service, project),
      allowedEmails: [
        ...(service === controlPlane ? callingWorkloads : invokersOf(service)).map((workload) => serviceAccountEmail(workload, project)),
        // How it stands is told to people.
        ...(service === controlPlane ? [operatorEmail] : []),
      ],
      keys,
      clock: systemClock,
      backend: isDefault ? traffic.of(service, pool) : pool,
      timeoutMs: limits.timeoutMs,
      onCall: traces ? (headers, downstream, upstream) => observer?.onCall({ service, headers, downstream, upstream }) : undefined,
    });
    fronts.set(port, { front, pool });
  };

  const secret = (name: string) => secretOf(secrets, name);
  const outside = Promise.all(
    Object.entries(outsideWorld).map(([system, start]) => start({ port: outsidePort(ports, system), stateDir, clock, secret, mishaps })),
  );

  const [pubsub, tasks, scheduler, systems] = await Promise.all([
    startPubsub({ port: ports.pubsub, stateDir, clock, mintIdToken, held, mishaps, onDelivery }),
    startTasks({ port: ports.tasks, stateDir, clock, mintIdToken, held, mishaps, onDelivery }),
    startScheduler({ port: ports.scheduler, stateDir, clock, mintIdToken, held, onDelivery }),
    outside,
    startMetadataServers({
      project,
      mintIdToken,
      clock: systemClock,
      isDown: () => metadataDown,
      ports: Object.fromEntries(runningWorkloads.map((workload) => [workload, metadataPort(ports, workload)])),
    }),
    traces &&
      import('./inspect/start-observer.ts').then(async ({ startObserver }) => {
        observer = await startObserver({ ports, stateDir, startedMs });
      }),
    ...[...serviceNames, controlPlane].map((service) => {
      const own = limits[service] ?? alwaysOn;
      return openFront({ service, revision: service, port: servicePort(ports, service), limits: own, startedAhead: own.minInstances });
    }),
  ]);
  ensureTopology({ pubsub, tasks, scheduler, project, location, jobsGatewayUrl: `http://127.0.0.1:${ports.jobs}` });
  // After the others, since its protos take time to load and nobody needs it in order to start.
  const tellChange = changesTo(pubsub, project);
  let run: RunServer | undefined;
  const followTraffic = () => run && traffic.follow(run.services, `projects/${project}/locations/${location}`);
  run = await startRun({
    port: ports.run,
    stateDir,
    clock: systemClock,
    onChange: (entry) => {
      followTraffic();
      tellChange(entry);
    },
  });
  await observer?.inspect({ port: ports.inspect, broker: pubsub.broker, queues: tasks.queues, jobs: scheduler.jobs });
  const serviceUrls = Object.fromEntries(serviceNames.map((name) => [name, `http://127.0.0.1:${servicePort(ports, name)}`]));
  ensureRunServices({ run, project, location, serviceUrls });

  return {
    release() {
      pubsub.release();
      tasks.release();
      scheduler.release();
      for (const system of systems) system.release?.(`http://127.0.0.1:${ports.edge}`);
    },
    disturb(disturbance) {
      mishaps.set(disturbance.deliveries);
      metadataDown = disturbance.metadataDown ?? false;
    },
    openFront,
    async closeFront(port) {
      const { front, pool } = fronts.get(port) ?? {};
      await front?.quiet(quietMs, drainLimitMs);
      await front?.close();
      fronts.delete(port);
      ended.push(...(pool?.use() ?? []));
      pool?.close();
    },
    holdInstances(hold) {
      for (const { pool } of fronts.values()) {
        if (hold) pool.hold();
        else pool.letGo();
      }
    },
    instanceUse: () => [...ended, ...[...fronts.values()].flatMap(({ pool }) => pool.use())],
  };
}
