import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runningWorkloads } from '../../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { outsideSystems } from '../cloud/outside-systems.ts';
import { project } from './place.ts';
import { metadataPort, outsidePort, type Ports, servicePort } from './ports.ts';
import type { LocalPreview } from './previews.ts';
import { isLocked } from './state-lock.ts';

/** What `.kumiko/endpoints.json` says: URLs, and host:port where the client libraries expect that. */
export interface Endpoints {
  readonly project: string;
  /** The process to send SIGTERM to. */
  readonly pid: number;
  readonly edge: string;
  readonly jobs: string;
  /** The edge gateway's admin listener. */
  readonly admin: string;
  readonly jobs_admin: string;
  /** The metadata server of each workload, by names such as "edge-gateway". */
  readonly metadata: Readonly<Record<string, string>>;
  readonly issuer: string;
  readonly spanner: string;
  readonly pubsub: string;
  readonly tasks: string;
  readonly scheduler: string;
  /** Cloud Run's Admin API. */
  readonly run: string;
  /** What plays the outside world. */
  readonly outside: Readonly<Record<string, string>>;
  /** The services, behind their IAM check. */
  readonly services: Readonly<Record<string, string>>;
  /** Moves the platform's business time: POST <clock>/clock:advance {"seconds": n}. */
  readonly clock: string;
  /** What commands ask the running platform: see serve-control.ts. */
  readonly control: string;
  /** What the control plane says of previews and of who was told of them: GET it. */
  readonly control_plane: string;
  /** Takes and shows traces: OTLP at /v1/traces. Undefined where they are off. */
  readonly traces?: string;
  /** The console, for whoever has its token. Undefined where there is none. */
  readonly console?: string;
  /** The previews, behind their IAM check, by names such as "partner-pr-123". */
  readonly previews: Readonly<Record<string, string>>;
}

/** The endpoints of a platform on these ports. */
export function endpointsOf(
  ports: Ports,
  previews: readonly LocalPreview[],
  { traces = false, console = false }: { readonly traces?: boolean; readonly console?: boolean } = {},
): Endpoints {
  const url = (port: number) => `http://127.0.0.1:${port}`;
  const address = (port: number) => `127.0.0.1:${port}`;
  return {
    project,
    pid: process.pid,
    edge: url(ports.edge),
    jobs: url(ports.jobs),
    admin: url(ports.edge_admin),
    jobs_admin: url(ports.jobs_admin),
    metadata: Object.fromEntries(runningWorkloads.map((workload) => [workload, address(metadataPort(ports, workload))])),
    issuer: url(ports.issuer),
    spanner: address(ports.spanner),
    pubsub: address(ports.pubsub),
    tasks: address(ports.tasks),
    scheduler: url(ports.scheduler),
    run: address(ports.run),
    outside: Object.fromEntries(outsideSystems.map((system) => [system, url(outsidePort(ports, system))])),
    services: Object.fromEntries(serviceNames.map((name) => [name, url(servicePort(ports, name))])),
    previews: Object.fromEntries(previews.map(({ name, port }) => [name, url(port)])),
    clock: url(ports.clock),
    control: url(ports.control),
    control_plane: url(ports.previews),
    ...(traces && { traces: url(ports.traces) }),
    ...(console && { console: url(ports.console) }),
  };
}

/** The file that tells other commands where the platform is. */
export function endpointsFile(stateDir: string): string {
  return join(stateDir, 'endpoints.json');
}

/** Writes the file once the platform is ready. */
export function writeEndpoints(stateDir: string, endpoints: Endpoints): void {
  writeFileSync(endpointsFile(stateDir), `${JSON.stringify(endpoints, undefined, 2)}\n`);
}

/** Removes the file when the platform stops. */
export function removeEndpoints(stateDir: string): void {
  rmSync(endpointsFile(stateDir), { force: true });
}

/** The endpoints of the platform that runs on this state, or undefined where none runs. */
export function runningEndpoints(stateDir: string): Endpoints | undefined {
  const file = endpointsFile(stateDir);
  return existsSync(file) && isLocked(stateDir) ? (JSON.parse(readFileSync(file, 'utf8')) as Endpoints) : undefined;
}

/** The URL of a system of the outside world, such as "carrier". @throws {TypeError} where there is none of the name. */
export function outsideUrl({ outside }: Pick<Endpoints, 'outside'>, system: string): string {
  const url = outside[system];
  if (url === undefined) throw new TypeError(`the outside world has no "${system}": there are ${Object.keys(outside).join(', ')}`);
  return url;
}
