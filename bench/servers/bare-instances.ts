import { once } from 'node:events';
import { join } from 'node:path';
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { startCloudRunFront } from '../../deploy/local/cloud/cloud-run-front/cloud-run-front.ts';
import type { HostedInstance, InstanceHost } from '../../deploy/local/cloud/instances/instance-host.ts';
import type { RevisionLimits } from '../../deploy/local/cloud/instances/limits.ts';
import { RevisionPool } from '../../deploy/local/cloud/instances/revision-pool.ts';
import { freePortFrom } from '../../deploy/local/platform/free-port.ts';
import { systemClock } from '../../deploy/local/shared/local-server.ts';
import { spawnLeashed } from '../../gateway/envoy/leash.ts';
import { untilListening } from '../../services/platform/tools/listening-port.ts';
import type { GrpcLoad } from '../load/load.ts';

const audience = 'https://bare.example';
const email = 'gateway@bare.example';
const program = join(import.meta.dirname, '../cold-start/bare-server.ts');
/** Of all hosts in this process: no two look for a port at the same place. */
let nextPort = 40_000;

/** Bare grpc-js servers in the same wrapping as services have: a front with its IAM check, a pool, processes that come and go. */
export interface BareInstances {
  readonly pool: RevisionPool;
  /** Calls through the front. */
  load(connections: number, streams: number): GrpcLoad;
  close(): Promise<void>;
}

/** Starts them in this process; the servers are processes of their own. */
export async function startBareInstances(limits: RevisionLimits): Promise<BareInstances> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const host = new BareHost();
  const pool = new RevisionPool({ revision: 'bare', limits, startedAhead: 0, host, clock: systemClock });
  const front = await startCloudRunFront({
    port: 0,
    audience,
    allowedEmails: [email],
    keys: createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256' }] }),
    clock: systemClock,
    backend: pool,
    timeoutMs: limits.timeoutMs,
  });
  const token = await new SignJWT({ iss: 'https://accounts.google.com', aud: audience, email, email_verified: true })
    .setProtectedHeader({ alg: 'RS256', kid: 'k' })
    .setExpirationTime('1h')
    .sign(privateKey);
  const headers = { 'x-serverless-authorization': `Bearer ${token}` };
  return {
    pool,
    load: (connections, streams) => ({
      kind: 'grpc',
      port: front.port,
      path: '/bare.Bare/Echo',
      calls: [{ headers, body: Buffer.alloc(200, 1).toString('base64') }],
      connections,
      streams,
    }),
    close: async () => {
      await front.close();
      pool.close();
      await host.close();
    },
  };
}

class BareHost implements InstanceHost {
  readonly #running = new Set<HostedInstance>();
  #started = 0;

  async start(revision: string): Promise<HostedInstance> {
    this.#started += 1;
    nextPort += 10;
    const port = await freePortFrom(nextPort, new Set());
    const env = { ...process.env, PORT: String(port) };
    const child = spawnLeashed(process.execPath, [program], { stdout: 'pipe', stderr: 'inherit', env });
    child.stdout?.resume();
    const ended = once(child, 'exit').then(([code, signal]) => String(signal ?? code));
    await untilListening(port, { intervalMs: 10 });
    const stop = () => {
      child.kill('SIGTERM');
      child.kill('SIGCONT');
    };
    const hosted: HostedInstance = { id: `${revision}.${this.#started}`, pid: child.pid!, port, ended, stop };
    this.#running.add(hosted);
    void ended.then(() => this.#running.delete(hosted));
    return hosted;
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#running].map(({ stop, ended }) => {
        stop();
        return ended;
      }),
    );
  }
}
