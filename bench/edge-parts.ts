import { corsName } from '../gateway/bootstrap/filters/cors.ts';
import { alternate, describeRounds, machine, median, type Round } from './load/compare.ts';
import { startLoadProcess } from './load/load.ts';
import { type ManagerEdit, withoutFilters, withoutSections } from './servers/edge-bootstraps.ts';
import { everythingOn, type GatewayOptions, startEdgeFixture } from './servers/edge-fixture.ts';
import { browserReadOf, checkRead } from './servers/edge-requests.ts';

export const question =
  "What of the edge gateway's CPU time for a REST request is which part? (everything on against the same without the part; the target of the token filter: at most 10 µs)";

const callers = 50;
const connections = 16;
// Differences of a few microseconds: many short rounds.
const rounds = { warmUpMs: 600, roundMs: 200, rounds: 41 };

const envoy = (...names: readonly string[]) => names.map((name) => `envoy.filters.http.${name}`);

/** A gateway that lacks something. */
interface Variant extends GatewayOptions {
  /** What it lacks. */
  readonly part: string;
  /** What the part's cost is the difference to, by its part; the gateway with everything unless told. */
  readonly than?: string;
}

const without = (part: string, edit: ManagerEdit, than?: string): Variant => ({
  part,
  ...everythingOn,
  edit,
  ...(than !== undefined && { than }),
});
const rbac = envoy('rbac');
const cached = 'jwt_authn, verified tokens cached';
/** The one that has less and costs more. */
const notCached = 'jwt_authn, every token verified';

const variants: readonly Variant[] = [
  without('token filter (wasm)', withoutFilters('metadata-token')),
  without('routing filter (wasm)', withoutFilters('dynamic-routing')),
  without('rbac', withoutFilters(...rbac)),
  // Without a payload rbac would let nobody through.
  without(cached, withoutFilters(...rbac, ...envoy('jwt_authn')), 'rbac'),
  without('access log', withoutSections('access_log')),
  without('rate limits', withoutFilters(...envoy('local_ratelimit'))),
  without('buffer', withoutFilters(...envoy('buffer'))),
  without('error-caching', withoutFilters('error-caching')),
  without('grpc_stats', withoutFilters(...envoy('grpc_stats'))),
  without('compressors', withoutFilters(...envoy('compressor.brotli', 'compressor.gzip'))),
  without('cors', withoutFilters(corsName)),
  without('grpc_web and connect', withoutFilters(...envoy('grpc_web', 'connect_grpc_bridge'))),
  without('health_check', withoutFilters(...envoy('health_check'))),
  without('mappers of local replies', withoutSections('local_reply_config')),
  without('early header mutation', withoutSections('early_header_mutation_extensions')),
  without('checks of paths', withoutSections('normalize_path', 'merge_slashes', 'path_with_escaped_slashes_action')),
  { part: notCached, ...everythingOn, tokenCache: false },
];

/** All of them in turn, with reads of customers. */
export async function run(report: (line: string) => void): Promise<void> {
  const fixture = await startEdgeFixture();
  const load = startLoadProcess();
  try {
    const requests = (await fixture.customerTokens(callers)).map(browserReadOf);
    const contenders = [];
    for (const options of [everythingOn, ...variants]) {
      const server = await fixture.startGateway(options);
      contenders.push({ name: '', server, load: { kind: 'rest', port: server.port, requests, connections } } as const);
    }
    await checkRead(contenders[0]!.server.port, requests[0]!);
    const [whole, ...others] = await alternate(load, contenders, rounds);
    report(machine());
    report(describeRounds('everything on', whole!));
    const total = median(whole!.map(({ cpuMicros }) => cpuMicros));
    const roundsOf = (part: string | undefined) => (part === undefined ? whole! : others[variants.findIndex((one) => one.part === part)]!);
    const moreThan = (more: readonly Round[], less: readonly Round[]) =>
      median(more.map(({ cpuMicros }, round) => cpuMicros - less[round]!.cpuMicros));
    const costs = new Map(variants.map(({ part, than }) => [part, moreThan(roundsOf(than), roundsOf(part))]));
    costs.set(notCached, costs.get(cached)! + moreThan(roundsOf(notCached), whole!));
    for (const [part, cost] of [...costs].toSorted(([, a], [, b]) => b - a))
      report(`${part}: ${cost.toFixed(1)} µs (${((100 * cost) / total).toFixed(1)} %)`);
  } finally {
    load.stop();
    await fixture.close();
  }
}
