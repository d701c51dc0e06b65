import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { audienceOf, serviceAccountEmail, type Workload } from '../../services/platform/contracts/identities.ts';
import type { ServiceImage } from './images.ts';

const root = join(import.meta.dirname, '../..');
const project = 'kumiko-scratch';
/** Nothing listens there. */
const nowhere = '127.0.0.1:9';

/** An empty database and the variables of services that use it: enough to call what needs no other service. */
export interface ScratchCloud {
  /** Variables of a service; its port is any free one. */
  environmentOf(service: ServiceImage): Record<string, string>;
  close(): Promise<void>;
}

/** Starts the local Spanner in a folder of its own and applies the migrations. */
export async function startScratchCloud(): Promise<ScratchCloud> {
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-scratch-'));
  const spanner = spawn(
    process.execPath,
    [
      '--import',
      join(root, 'deploy/local/platform/die-with-parent.ts'),
      join(root, 'deploy/local/cloud/spanner/main.ts'),
      ...['--port', '0', '--data-dir', folder, '--abort-probability', '0'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] },
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
    return { environmentOf: (service) => ({ ...database, ...commonEnvironment, ...ownEnvironment[service] }), close };
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
export const commonEnvironment: Readonly<Record<string, string>> = {
  HOST: '127.0.0.1',
  PORT: '0',
  CUSTOMER_ISSUER: `https://securetoken.google.com/${project}`,
  CUSTOMER_AUDIENCE: project,
  CUSTOMER_JWKS_URI: `http://${nowhere}/`,
  PARTNER_ISSUER: `https://partner.${project}.kumiko.internal`,
  PARTNER_AUDIENCE: audienceOf('edge', project),
  PARTNER_JWKS_URI: `http://${nowhere}/`,
  GOOGLE_ISSUER: 'https://accounts.google.com',
  GOOGLE_JWKS_URI: `http://${nowhere}/`,
  PUBSUB_EMULATOR_HOST: nowhere,
};

const ownEnvironment: Readonly<Record<ServiceImage, Readonly<Record<string, string>>>> = {
  customer: { PAYMENT_PROVIDER: 'scratch', PAYMENT_PROVIDER_URL: `http://${nowhere}`, PAYMENT_PROVIDER_KEY: 'scratch' },
  partner: {
    PARTNER_SIGNING_KEYS: 'projects/scratch/locations/scratch/keyRings/scratch/cryptoKeys/scratch/cryptoKeyVersions/1',
    PARTNER_TOKEN_ENDPOINT: `http://${nowhere}/v1/partner/token`,
  },
  webhook: {
    WEBHOOK_PROFILES: JSON.stringify([
      { kind: 'payment', name: 'scratch', header: 'scratch-signature', toleranceSeconds: 300, secrets: ['a scratch secret'] },
    ]),
  },
  job: {
    CUSTOMER_URL: `http://${nowhere}`,
    PARTNER_URL: `http://${nowhere}`,
    WEBHOOK_URL: `http://${nowhere}`,
    JOBS_GATEWAY_URL: `http://${nowhere}`,
    TASKS_LOCATION: 'asia-northeast1',
    CLOUD_TASKS_ENDPOINT: nowhere,
    INVENTORY_URL: `http://${nowhere}`,
    INVENTORY_KEY: 'scratch',
  },
};

/** The headers of a call by a workload, as Cloud Run hands them on once it has checked the workload's ID token. */
export function calledBy(workload: Workload): Record<string, string> {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: 'https://accounts.google.com', email: serviceAccountEmail(workload, project), email_verified: true };
  return { 'x-serverless-authorization': `Bearer ${part({ alg: 'RS256' })}.${part(claims)}.SIGNATURE_REMOVED_BY_GOOGLE` };
}
