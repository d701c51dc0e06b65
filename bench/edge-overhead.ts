import { alternate, describeRounds, machine, ratios } from './load/compare.ts';
import { startLoadProcess } from './load/load.ts';
import { forwardingAlone } from './servers/edge-bootstraps.ts';
import { type EdgeFixture, everythingOn, startEdgeFixture } from './servers/edge-fixture.ts';
import { browserReadOf, checkRead, writeOf } from './servers/edge-requests.ts';

export const question =
  'REST with a token: the edge gateway against an Envoy that transcodes, routes and does nothing else, by CPU time? (target: at most 1.2; with CORS, rate limits, compression and previews 1.35)';

const callers = 50;
const connections = 16;
const rounds = { warmUpMs: 1_500, roundMs: 300, rounds: 31 };

/** What differs from the baseline, and whose tokens it is called with. */
interface Row {
  readonly name: string;
  readonly start: (fixture: EdgeFixture) => ReturnType<EdgeFixture['startGateway']>;
  readonly preview?: Readonly<Record<string, string>>;
  readonly target?: number;
}

const everything = ({ startGateway }: EdgeFixture) => startGateway(everythingOn);
const rows: readonly Row[] = [
  {
    name: 'transcoding and routing alone',
    start: ({ startGateway }) => startGateway({ edit: forwardingAlone('envoy.filters.http.grpc_json_transcoder') }),
  },
  { name: 'edge gateway', start: ({ startGateway }) => startGateway(), target: 1.2 },
  { name: 'edge gateway, everything on', start: everything, target: 1.35 },
  // Of a service that the request does not go to: what the claim costs, and not what another service does.
  { name: 'edge gateway, everything on, the token asks for a preview', start: everything, preview: { partner: 'pr-123' } },
];

/** Reads and writes of customers, the same for all, before the same gRPC server. */
export async function run(report: (line: string) => void): Promise<void> {
  const fixture = await startEdgeFixture();
  const load = startLoadProcess();
  try {
    const contenders = await Promise.all(
      rows.map(async ({ name, start, preview }) => {
        const [server, tokens] = await Promise.all([start(fixture), fixture.customerTokens(callers, preview)]);
        const requests = tokens.flatMap((token) => [browserReadOf(token), writeOf(token)]);
        return { name, server, load: { kind: 'rest', port: server.port, requests, connections } } as const;
      }),
    );
    for (const { server, load } of contenders) await checkRead(server.port, load.requests[0]!);
    const results = await alternate(load, contenders, rounds);
    report(machine());
    for (const [index, { name, target }] of rows.entries()) {
      report(describeRounds(name, results[index]!));
      if (index === 0) continue;
      const goal = target === undefined ? '' : ` (target: at most ${target})`;
      report(`  ${ratios(results[0]!, results[index]!).cpu.toFixed(2)} times the CPU time of the baseline${goal}`);
    }
  } finally {
    load.stop();
    await fixture.close();
  }
}
