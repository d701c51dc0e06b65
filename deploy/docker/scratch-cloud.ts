import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endChild } from '../../gateway/envoy/end-child.ts';
import { spawnLeashed } from '../../gateway/envoy/leash.ts';
import type { LocalAround } from '../../services/platform/chassis/process/manifest.ts';
import { audienceOf, internalDomain, type Principal, serviceAccountEmail } from '../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { manifestOf } from '../environments/manifests.ts';
import { layFirstDatabase } from '../local/platform/database/first-database.ts';
import { applyMigrations } from '../local/platform/database/migrations.ts';
import { project } from '../local/platform/place.ts';
import { databaseEnvironment } from '../local/platform/service-environment.ts';

const root = join(import.meta.dirname, '../..');
/** Nothing listens there. */
const nowhere = '127.0.0.1:9';

/** An empty database and the variables of services that use it: enough to call what needs no other service. */
export interface ScratchCloud {
  /** Variables of a service; its port is any free one. */
  environmentOf(service: string): Record<string, string>;
  close(): Promise<void>;
}

/** Starts the local Spanner in a folder of its own, with every migration applied. */
export async function startScratchCloud(): Promise<ScratchCloud> {
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-scratch-'));
  await layFirstDatabase(folder);
  const spanner = spawnLeashed(
    process.execPath,
    [
      join(root, 'deploy/local/cloud/spanner/main.ts'),
      ...['--port', '0', '--data-dir', join(folder, 'spanner'), '--abort-probability', '0', '--at', String(halfPast())],
    ],
    { stdout: 'pipe', stderr: 'inherit' },
  );
  const close = async () => {
    await endChild(spanner);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const ports = { spanner: await listeningPort(spanner) };
    await applyMigrations(ports, folder);
    const database = { ...databaseEnvironment(ports), METADATA_SERVER_DETECTION: 'none' };
    return { environmentOf: (service) => ({ ...database, ...commonEnvironment, ...ownEnvironment(service) }), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The middle of this second, in milliseconds since the epoch, where the database's time stands still: how long a time is in a message depends on its fraction of a
 * second, and on that which functions a service needs to read it.
 */
function halfPast(): number {
  return Math.floor(Date.now() / 1_000) * 1_000 + 500;
}

async function listeningPort(child: ChildProcess): Promise<number> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const { message, port } = JSON.parse(line) as { message?: string; port?: number };
    if (message === 'listening' && port !== undefined) return port;
  }
  throw new Error('the local Spanner ended before it listened');
}

/** What every service needs beside the database. */
const commonEnvironment: Readonly<Record<string, string>> = {
  HOST: '127.0.0.1',
  PORT: '0',
  CUSTOMER_ISSUER: `https://securetoken.google.com/${project}`,
  CUSTOMER_AUDIENCE: project,
  CUSTOMER_JWKS_URI: `http://${nowhere}/`,
  PARTNER_ISSUER: `https://partner.${project}.${internalDomain}`,
  PARTNER_AUDIENCE: audienceOf('edge', project),
  PARTNER_JWKS_URI: `http://${nowhere}/`,
  GOOGLE_ISSUER: 'https://accounts.google.com',
  GOOGLE_JWKS_URI: `http://${nowhere}/`,
  PUBSUB_EMULATOR_HOST: nowhere,
};

/** Its own variables as they are on one machine, with nothing behind any address. */
function ownEnvironment(service: string): Record<string, string> {
  const url = `http://${nowhere}`;
  const around: LocalAround = {
    project,
    region: 'asia-northeast1',
    urlOf: () => url,
    serviceUrls: Object.fromEntries(serviceNames.map((name) => [name, url])),
    publicUrlOf: () => url,
    controlPlaneUrl: url,
    partnerSigningKeys: ['projects/scratch/locations/scratch/keyRings/scratch/cryptoKeys/scratch/cryptoKeyVersions/1'],
    secret: (name) => `scratch ${name}`,
    outsideUrl: () => url,
    tasksAddress: nowhere,
  };
  return Object.fromEntries(
    Object.entries(manifestOf(service).variables).flatMap(([name, { local }]) => {
      const value = local(around);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The headers of a call by a workload, as Cloud Run hands them on once it has checked the workload's ID token. */
export function calledBy(principal: Principal): Record<string, string> {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: 'https://accounts.google.com', email: serviceAccountEmail(principal, project), email_verified: true };
  return { 'x-serverless-authorization': `Bearer ${part({ alg: 'RS256' })}.${part(claims)}.SIGNATURE_REMOVED_BY_GOOGLE` };
}
