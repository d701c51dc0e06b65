import { join, relative } from 'node:path';
import { product, serviceNames } from '../../../services/platform/contracts/services.ts';
import { manifestOf } from '../../environments/manifests.ts';
import { outsideSystems } from '../../local/cloud/outside-systems.ts';
import { outsidePort, type Ports, portNames } from '../../local/platform/ports.ts';
import type { LocalSecrets } from '../../local/platform/secrets.ts';
import { databaseEnvironment, serviceEnvironment } from '../../local/platform/service-environment.ts';

/** What a compose file is made for. */
interface ComposeOptions {
  readonly secrets: LocalSecrets;
  /** The folder of the state on the host. */
  readonly stateDir: string;
  /** The project's root on the host, which the images are built from. */
  readonly root: string;
  /** The folder on the host of what the gateways' image adds to Envoy's. */
  readonly gatewayTree: string;
  /** Who may write the state: user and group ids. */
  readonly user: string;
}

const firstPort = 7400;
const spannerPort = 9010;
const pubsubPort = 8085;

/** Google's images, by exact tags. */
const spannerEmulator = 'gcr.io/cloud-spanner-emulator/emulator:1.5.28';
const pubsubEmulator = 'gcr.io/google.com/cloudsdktool/google-cloud-cli:503.0.0-emulators';

/** Where the state lies in the containers that use it. */
export const stateInContainers = '/state';

/** Everything listens on the loopback of one network namespace, at the ports of `npm start`; Spanner is Google's emulator. */
export const composePorts: Ports = {
  ...(Object.fromEntries(portNames.map((name, index) => [name, firstPort + index])) as Ports),
  spanner: spannerPort,
};

/** The emulator's client variables: it has no multiplexed sessions, and Pub/Sub messages go to Google's emulator first (pubsub-bridge.ts). */
const emulators = {
  GOOGLE_CLOUD_SPANNER_MULTIPLEXED_SESSIONS: 'false',
  PUBSUB_EMULATOR_HOST: `127.0.0.1:${pubsubPort}`,
};

// What every container of ours may do: nothing but run, and write below /tmp.
const confined = {
  read_only: true,
  tmpfs: ['/tmp'],
  cap_drop: ['ALL'],
  security_opt: ['no-new-privileges:true'],
  restart: 'on-failure',
};

// One network namespace, as a pod has it: the local cloud listens on loopback only, and so nothing of it is told twice.
const inPod = { network_mode: 'service:local-cloud' };

/**
 * The compose file (https://compose-spec.io): the images of production with Envoy and Google's emulators; the local cloud plays the rest of Google Cloud and the
 * outside world.
 */
export function composeFile(options: ComposeOptions): object {
  const { stateDir, root, gatewayTree, user, secrets } = options;
  const service = (name: string) => ({
    image: `kumiko/${name}`,
    build: { context: root, dockerfile: 'deploy/docker/services.Dockerfile', args: { SERVICE: name } },
    environment: { ...serviceEnvironment(name, composePorts, secrets), ...emulators },
    // The key of partner tokens is the local issuer's.
    ...(manifestOf(name).partnerTokens !== undefined && { user, volumes: [`${stateDir}:${stateInContainers}:ro`] }),
    depends_on: { migrate: { condition: 'service_completed_successfully' } },
    ...inPod,
    ...confined,
  });
  const gateway = (role: 'edge' | 'jobs') => ({
    image: 'kumiko/gateway',
    build: { context: gatewayTree, dockerfile: relative(gatewayTree, join(root, 'deploy/docker/gateway.Dockerfile')) },
    environment: { GATEWAY_ROLE: role, PORT: String(composePorts[role]) },
    stop_grace_period: '10s',
    depends_on: { 'local-cloud': { condition: 'service_started' } },
    ...inPod,
    ...confined,
  });
  const localCloud = {
    image: 'kumiko/local-cloud',
    build: { context: root, dockerfile: 'deploy/docker/compose/local-cloud.Dockerfile' },
    user,
    ...confined,
  };
  return {
    name: product,
    services: {
      'local-cloud': {
        ...localCloud,
        environment: {
          KUMIKO_LOCAL_CLOUD: JSON.stringify({ ports: composePorts, stateDir: `${stateInContainers}/cloud`, secrets }),
          ...emulators,
          METADATA_SERVER_DETECTION: 'none',
        },
        volumes: [`${stateDir}:${stateInContainers}`],
        // The only ports that the host sees.
        ports: [composePorts.edge, composePorts.issuer, ...outsideSystems.map((system) => outsidePort(composePorts, system))].map(
          (port) => `127.0.0.1:${port}:${port}`,
        ),
      },
      spanner: { image: spannerEmulator, ...inPod, restart: 'on-failure' },
      pubsub: {
        image: pubsubEmulator,
        command: ['gcloud', 'beta', 'emulators', 'pubsub', 'start', `--host-port=127.0.0.1:${pubsubPort}`],
        ...inPod,
        restart: 'on-failure',
      },
      migrate: {
        ...localCloud,
        command: ['services/platform/cloud/spanner/migrate-main.ts'],
        environment: { ...databaseEnvironment(composePorts), ...emulators, METADATA_SERVER_DETECTION: 'none' },
        depends_on: { spanner: { condition: 'service_started' } },
        ...inPod,
      },
      ...Object.fromEntries(serviceNames.map((name) => [name, service(name)])),
      edge: gateway('edge'),
      jobs: gateway('jobs'),
    },
  };
}
