import { listGatewayMethods } from '../../bootstrap/gateway-methods.ts';
import { startDataPlane } from '../../dataplane/start-data-plane.ts';
import { send } from '../case-client.ts';
import { sendBytes, statusesOf } from '../raw-client.ts';
import { stages } from '../stages.ts';
import { startSurroundings } from '../surroundings.ts';
import { http1Connection, http2Connection } from './connection-inputs.ts';
import { judgeSeen, type KnownToken, textLeak } from './oracles.ts';
import { randomOf } from './random.ts';
import { randomBehaviour } from './upstream-inputs.ts';

/** What a run found. */
export interface FuzzReport {
  readonly seed: number;
  readonly connections: number;
  /** HTTP/1.1 answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests that reached a service. */
  readonly reached: number;
  /** With what to see them again. */
  readonly findings: readonly string[];
}

/** How long a run goes on. */
export interface FuzzOptions {
  readonly seed: number;
  /** Asked before each batch of connections. */
  readonly goOn: (batches: number) => boolean;
}

const batchSize = 8;
// Milliseconds of silence after which a connection is left.
const quietMs = 25;
const aliveEvery = 50;

/** Sends mutated connections to the embedded data plane and watches what comes back, and what gets through. Stops at ten findings. */
export async function fuzz({ seed, goOn }: FuzzOptions): Promise<FuzzReport> {
  const findings: string[] = [];
  const random = randomOf(seed);
  const around = await startSurroundings();
  const plane = await startDataPlane(stages.guarded(around), {
    ports: { edge: 0, admin: 0 },
    accessLog: () => {},
    log: (severity, message, fields) => {
      if (message === 'a request failed inside the data plane') findings.push(`${severity} ${message}: ${JSON.stringify(fields)}`);
    },
  });
  const crashed = (error: unknown) => findings.push(`uncaught: ${error instanceof Error ? error.stack : String(error)}`);
  process.on('uncaughtException', crashed);
  process.on('unhandledRejection', crashed);
  const port = plane.ports.edge!;
  const tokens: KnownToken[] = await Promise.all(
    (['customer', 'partner', 'operator'] as const).map(async (as) => ({ as, token: await around.authority.token({ as }) })),
  );
  const texts = tokens.map(({ token }) => token);
  const methods = new Map(listGatewayMethods('edge').map(({ grpcPath, access }) => [grpcPath, access]));
  const statuses: Record<string, number> = {};
  let connections = 0;
  let reached = 0;

  async function checkAlive(): Promise<void> {
    around.upstream.script(undefined);
    const headers = [['authorization', `Bearer ${texts[0]}`]] as const;
    const { status } = await send(port, { protocol: 'HTTP/1.1', method: 'GET', path: '/v1/profile', headers, body: undefined });
    if (status !== 200) findings.push(`after ${connections} connections a clean request gets ${status}`);
  }

  try {
    await checkAlive();
    for (let batch = 0; findings.length < 10 && goOn(batch); batch++) {
      around.upstream.script(randomBehaviour(random));
      const inputs = Array.from({ length: batchSize }, () =>
        random.oneIn(3) ? http2Connection(random, texts) : http1Connection(random, texts),
      );
      const answers = await Promise.all(inputs.map((input) => sendBytes(port, [input], quietMs)));
      connections += inputs.length;
      const before = findings.length;
      for (const { bytes } of answers) {
        for (const status of statusesOf(bytes)) statuses[status] = (statuses[status] ?? 0) + 1;
        const leak = textLeak(bytes);
        if (leak !== undefined) findings.push(`an answer tells "${leak}"`);
      }
      reached += around.upstream.seen.length;
      for (const seen of around.upstream.seen) findings.push(...judgeSeen(seen, methods, tokens));
      if (batch % aliveEvery === 0) await checkAlive();
      if (findings.length > before)
        findings.push(`inputs of seed ${seed}, batch ${batch}: ${inputs.map((input) => input.toString('base64')).join(' ')}`);
    }
    await checkAlive();
  } finally {
    await plane.close();
    await around.close();
    process.off('uncaughtException', crashed);
    process.off('unhandledRejection', crashed);
  }
  return { seed, connections, statuses, reached, findings };
}
