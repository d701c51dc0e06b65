import { listGatewayMethods } from '../../bootstrap/gateway-methods.ts';
import { adminPage } from '../../envoy/admin-page.ts';
import { send } from '../case-client.ts';
import { sendBytes, statusesOf } from '../raw-client.ts';
import { openRig } from '../rig.ts';
import { http1Connection, http2Connection } from './connection-inputs.ts';
import { graveLines, judgeSeen, type KnownToken, textLeak } from './oracles.ts';
import { randomOf } from './random.ts';
import { randomBehaviour } from './upstream-inputs.ts';

/** What a run found. */
interface FuzzReport {
  readonly seed: number;
  readonly connections: number;
  /** HTTP/1.1 answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests that reached a service. */
  readonly reached: number;
  /** Of Envoy's heap, at the beginning and at the end. */
  readonly heapBytes: readonly [number, number];
  /** With what to see them again. */
  readonly findings: readonly string[];
}

/** How long a run goes on. */
interface FuzzOptions {
  readonly seed: number;
  /** Asked before each batch of connections. */
  readonly goOn: (batches: number) => boolean;
}

const batchSize = 8;
// Milliseconds of silence after which a connection is left.
const quietMs = 25;
const aliveEvery = 50;

/** Sends mutated connections to an Envoy with production's bootstrap and watches what comes back, and what gets through. Stops at ten findings. */
export async function fuzz({ seed, goOn }: FuzzOptions): Promise<FuzzReport> {
  const findings: string[] = [];
  const random = randomOf(seed);
  const rig = await openRig();
  try {
    const { envoy, port, upstream, authority } = await rig.bench('guarded');
    const tokens: KnownToken[] = await Promise.all(
      (['customer', 'partner', 'operator'] as const).map(async (as) => ({ as, token: await authority.token({ as }) })),
    );
    const texts = tokens.map(({ token }) => token);
    const ownTokens = new Set<string>();
    const methods = new Map(listGatewayMethods('edge').map(({ grpcPath, access }) => [grpcPath, access]));
    const statuses: Record<string, number> = {};
    let connections = 0;
    let reached = 0;

    async function checkAlive(): Promise<void> {
      findings.push(...graveLines(envoy.log()));
      if (!isRunning(envoy.pid)) throw new Error(`Envoy has ended\n${envoy.log().slice(-2000)}`);
      upstream.script(undefined);
      const headers = [['authorization', `Bearer ${texts[0]}`]] as const;
      const { status } = await send(port, { protocol: 'HTTP/1.1', method: 'GET', path: '/v1/profile', headers, body: undefined });
      if (status !== 200) findings.push(`after ${connections} connections a clean request gets ${status}`);
    }

    async function runBatch(batch: number): Promise<void> {
      upstream.script(randomBehaviour(random));
      const inputs = Array.from({ length: batchSize }, () =>
        random.oneIn(3) ? http2Connection(random, texts) : http1Connection(random, texts),
      );
      const answers = await Promise.all(inputs.map((input) => sendBytes(port, [input], { quietMs })));
      connections += inputs.length;
      const before = findings.length;
      reached += upstream.seen.length;
      for (const seen of upstream.seen) {
        findings.push(...judgeSeen(seen, methods, tokens));
        ownTokens.add(seen.headers.get('x-serverless-authorization')?.replace('Bearer ', '') ?? 'no token');
      }
      for (const { bytes, refused } of answers) {
        if (refused) findings.push('nobody takes connections');
        for (const status of statusesOf(bytes)) statuses[status] = (statuses[status] ?? 0) + 1;
        const leak = textLeak(bytes, ownTokens);
        if (leak !== undefined) findings.push(`an answer tells "${leak}"`);
      }
      if (batch % aliveEvery === 0) await checkAlive();
      if (findings.length > before)
        findings.push(`inputs of seed ${seed}, batch ${batch}: ${inputs.map((input) => input.toString('base64')).join(' ')}`);
    }

    await checkAlive();
    const heapAtStart = await heapBytes(envoy.adminPort);
    for (let batch = 0; findings.length < 10 && goOn(batch); batch++) await runBatch(batch);
    await checkAlive();
    return { seed, connections, statuses, reached, heapBytes: [heapAtStart, await heapBytes(envoy.adminPort)], findings };
  } finally {
    await rig.close();
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function heapBytes(adminPort: number): Promise<number> {
  return Number((JSON.parse(await adminPage(adminPort, '/memory')) as { allocated: string }).allocated);
}
