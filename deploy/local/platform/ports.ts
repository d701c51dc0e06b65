import { controlPlane, type Principal, runningWorkloads } from '../../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { outsideSystems } from '../cloud/outside-systems.ts';
import { freePortFrom, isFree, PortTakenError } from './free-port.ts';

/** What the platform itself listens at. */
const gatewayPorts = ['edge', 'jobs', 'edge_admin', 'jobs_admin'] as const;
const cloudPorts = ['issuer', 'spanner', 'pubsub', 'tasks', 'scheduler', 'run'] as const;
const toolPorts = ['clock', 'traces', 'traces_grpc', 'control', 'previews', 'console', 'inspect'] as const;

/** A port that every platform has. */
type FixedPort = (typeof gatewayPorts)[number] | (typeof cloudPorts)[number] | (typeof toolPorts)[number];

/** Everything that listens, in the order of its port behind the base: what people type comes first, so that services do not move it. */
export const portNames: readonly string[] = [
  ...gatewayPorts,
  ...cloudPorts,
  ...toolPorts,
  ...outsideSystems,
  ...[...serviceNames, controlPlane].map(serviceName),
  ...[...serviceNames, controlPlane].map(containerName),
  ...runningWorkloads.map(metadataName),
];

/** Where everything listens, on 127.0.0.1, by name. */
export type Ports = Readonly<Record<FixedPort, number>> & Readonly<Record<string, number>>;

/** The port of the IAM check in front of a service. */
export function servicePort(ports: Ports, service: string): number {
  return portOf(ports, serviceName(service));
}

/** The port of a service itself, behind its IAM check. */
export function containerPort(ports: Ports, service: string): number {
  return portOf(ports, containerName(service));
}

/** The port of a workload's metadata server. */
export function metadataPort(ports: Ports, principal: Principal): number {
  return portOf(ports, metadataName(principal));
}

/** The port of a system of the outside world. */
export function outsidePort(ports: Ports, system: string): number {
  return portOf(ports, system);
}

// Names of services are free: the outside world or the platform may have one of the same.
function serviceName(service: string): string {
  return `service_${service}`;
}

function containerName(service: string): string {
  return `container_${service}`;
}

function metadataName(principal: Principal): string {
  return `metadata_${principal.replaceAll('-', '_')}`;
}

/** The names of the two ports of a service, or of a preview. */
export function portNamesOf(service: string): string[] {
  return [serviceName(service), containerName(service)];
}

function portOf(ports: Ports, name: string): number {
  const port = ports[name];
  if (port === undefined) throw new TypeError(`nothing is named "${name}": there are ${Object.keys(ports).join(', ')}`);
  return port;
}

/**
 * The ports from `base` on, each seen to be free; with base 0 a free block below the range that clients' own sockets come from. `more` names
 * what listens behind the others.
 *
 * @throws {PortTakenError}
 */
export async function choosePorts(base: number, more: readonly string[] = []): Promise<Ports> {
  const names = [...portNames, ...more];
  if (base !== 0) return claim(base, names);
  for (;;) {
    const candidate = 10_000 + Math.floor(Math.random() * 20_000);
    try {
      return await claim(candidate, names);
    } catch (error) {
      if (!(error instanceof PortTakenError)) throw error;
    }
  }
}

/** The first port behind those of the platform. */
export function portsBehind(ports: Ports): number {
  return Math.max(...Object.values(ports)) + 1;
}

/** Two ports behind those of the platform that nobody has: for a front and what is behind it. */
export async function freePortPair(ports: Ports, taken: ReadonlySet<number>): Promise<readonly [number, number]> {
  const first = await freePortFrom(portsBehind(ports), taken);
  return [first, await freePortFrom(first + 1, taken)];
}

async function claim(base: number, names: readonly string[]): Promise<Ports> {
  const ports = names.map((name, index) => ({ name, port: base + index }));
  const taken = await Promise.all(ports.map(async (one) => ((await isFree(one.port)) ? [] : [one])));
  const [first] = taken.flat();
  if (first !== undefined) throw new PortTakenError(first.name, first.port, base);
  return Object.fromEntries(ports.map(({ name, port }) => [name, port])) as Ports;
}
