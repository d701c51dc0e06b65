import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { spawnLeashed } from '../../gateway/envoy/leash.ts';
import type { LocalAround } from '../../services/platform/chassis/process/manifest.ts';
import { audienceOf, internalDomain, type Principal, serviceAccountEmail } from '../../services/platform/contracts/identities.ts';
import { product, serviceNames } from '../../services/platform/contracts/services.ts';
import { manifestOf } from '../environments/manifests.ts';

const root = join(import.meta.dirname, '../..');
const project = `${product}-scratch`;
/** Nothing listens there. */
const nowhere = '127.0.0.1:9';

/** An empty database and the variables of services that use it: enough to call what needs no other service. */
export interface ScratchCloud {
  /** Variables of a service; its port is any free one. */
  environmentOf(service: string): Record<string, string>;
  close(): Promise<void>;
}

/** Starts the local Spanner in a folder of its own and applies the migrations. */
export async function startScratchCloud(): Promise<ScratchCloud> {
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-scratch-'));
  const spanner = spawnLeashed(
    process.execPath,
    [join(root, 'deploy/local/cloud/spanner/main.ts'), ...['--port', '0', '--data-dir', folder, '--abort-probability', '0']],
    { stdout: 'pipe', stderr: 'inherit' },
  );
  const close = async () => {
    if (spanner.exitCode === null && spanner.signalCode === null) {
      const gone = once(spanner, 'exit');
      spanner.kill('SIGTERM');
      await gone;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const database = databaseEnvironment(await listeningPort(spanner));
    await promisify(execFile)(process.execPath, [join(root, 'services/platform/cloud/spanner/migrate-main.ts')], {
      env: { ...process.env, ...database },
    });
    return { environmentOf: (service) => ({ ...database, ...commonEnvironment, ...ownEnvironment(service) }), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listeningPort(child: ChildProcess): Promise<number> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const { message, port } = JSON.parse(line) as { message?: string; port?: number };
    if (message === 'listening' && port !== undefined) return port;
  }
  throw new Error('the local Spanner ended before it listened');
}

function databaseEnvironment(spannerPort: number): Record<string, string> {
  return {
    GOOGLE_CLOUD_PROJECT: project,
    SPANNER_INSTANCE: 'scratch',
    SPANNER_DATABASE: 'scratch',
    SPANNER_EMULATOR_HOST: `127.0.0.1:${spannerPort}`,
    METADATA_SERVER_DETECTION: 'none',
  };
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
