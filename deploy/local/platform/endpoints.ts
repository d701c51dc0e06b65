import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ports } from './ports.ts';
import type { LocalPreview } from './previews.ts';
import { isLocked } from './state-lock.ts';
import { project } from './surroundings.ts';

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
  /** The edge gateway's metadata server; the others' have `metadata_<workload>`. */
  readonly metadata: string;
  readonly metadata_jobs_gateway: string;
  readonly metadata_customer: string;
  readonly metadata_partner: string;
  readonly metadata_webhook: string;
  readonly metadata_job: string;
  readonly issuer: string;
  readonly spanner: string;
  readonly pubsub: string;
  readonly tasks: string;
  readonly scheduler: string;
  readonly payment_provider: string;
  readonly carrier: string;
  readonly inventory: string;
  /** The services, behind their IAM check. */
  readonly customer: string;
  readonly partner: string;
  readonly webhook: string;
  readonly job: string;
  /** Moves the platform's business time: POST <clock>/clock:advance {"seconds": n}. */
  readonly clock: string;
  /** Takes and shows traces: OTLP at /v1/traces. Undefined where they are off. */
  readonly traces?: string;
  /** The previews, behind their IAM check, by names such as "partner-pr-123". */
  readonly previews: Readonly<Record<string, string>>;
}

/** The endpoints of a platform on these ports. */
export function endpointsOf(ports: Ports, previews: readonly LocalPreview[], traces = false): Endpoints {
  const url = (port: number) => `http://127.0.0.1:${port}`;
  const address = (port: number) => `127.0.0.1:${port}`;
  return {
    project,
    pid: process.pid,
    edge: url(ports.edge),
    jobs: url(ports.jobs),
    admin: url(ports.edge_admin),
    jobs_admin: url(ports.jobs_admin),
    metadata: address(ports.metadata_edge_gateway),
    metadata_jobs_gateway: address(ports.metadata_jobs_gateway),
    metadata_customer: address(ports.metadata_customer),
    metadata_partner: address(ports.metadata_partner),
    metadata_webhook: address(ports.metadata_webhook),
    metadata_job: address(ports.metadata_job),
    issuer: url(ports.issuer),
    spanner: address(ports.spanner),
    pubsub: address(ports.pubsub),
    tasks: address(ports.tasks),
    scheduler: url(ports.scheduler),
    payment_provider: url(ports.payment_provider),
    carrier: url(ports.carrier),
    inventory: url(ports.inventory),
    customer: url(ports.customer),
    partner: url(ports.partner),
    webhook: url(ports.webhook),
    job: url(ports.job),
    previews: Object.fromEntries(previews.map(({ name, port }) => [name, url(port)])),
    clock: url(ports.clock),
    ...(traces && { traces: url(ports.traces) }),
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
