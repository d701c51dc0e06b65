import { join } from 'node:path';
import { project } from '../deploy/local/platform/surroundings.ts';
import { audienceOf } from '../services/contracts/identities.ts';
import { alternate, type Contender, describeRounds, machine, ratios } from './load/compare.ts';
import { type RestLoad, type RestRequest, startLoadProcess } from './load/load.ts';
import { startServerProcess } from './load/server-process.ts';
import { startEdgeSurroundings } from './servers/edge-surroundings.ts';
import { orderName } from './servers/order.ts';

export const question =
  'REST with a token: the edge gateway against one written by hand with Fastify, jose and grpc-js? (target: at least 1.0; with a cache of verified tokens 1.5)';

const callers = 50;
const connections = 32;

/** Four gateways in turn, before the same gRPC server: both kinds, with and without a cache of verified tokens. */
export async function run(report: (line: string) => void): Promise<void> {
  const surroundings = await startEdgeSurroundings();
  const load = startLoadProcess();
  const byHand = (tokenCache: boolean) =>
    startServerProcess(join(import.meta.dirname, 'fastify-gateway/main.ts'), {
      env: {
        ISSUER: `https://securetoken.google.com/${project}`,
        AUDIENCE: project,
        JWKS_URI: `http://127.0.0.1:${surroundings.issuerPort}/customer/jwks.json`,
        METADATA_HOST: `127.0.0.1:${surroundings.metadataPort}`,
        UPSTREAM: `127.0.0.1:${surroundings.upstream.port}`,
        UPSTREAM_AUDIENCE: audienceOf('customer', project),
        TOKEN_CACHE: tokenCache ? 'on' : 'off',
      },
    });
  const started = await Promise.all([
    surroundings.startGateway({ tokenCache: true }),
    byHand(true),
    surroundings.startGateway({ tokenCache: false }),
    byHand(false),
  ]);
  try {
    const requests = (await surroundings.customerTokens(callers)).flatMap(requestsOf);
    const names = ['edge gateway, cache', 'by hand, cache', 'edge gateway, no cache', 'by hand, no cache'];
    const contenders = started.map((server, index): Contender => {
      const what: RestLoad = { kind: 'rest', port: server.port, requests, connections };
      return { name: names[index]!, server, load: what };
    });
    const results = await alternate(load, contenders, { warmUpMs: 2_000, roundMs: 600, rounds: 11 });
    report(machine());
    for (const [index, rounds] of results.entries()) report(describeRounds(names[index]!, rounds));
    for (const [label, ours, base, target] of [
      ['with', 0, 1, 1.5],
      ['without', 2, 3, 1],
    ] as const) {
      const { perSecond, cpu, p99 } = ratios(results[ours]!, results[base]!);
      report(
        `ratio ${label} a cache of verified tokens: ${perSecond.toFixed(2)} by requests per second, ${cpu.toFixed(2)} by CPU time (target ${target}); ` +
          `p99 ${p99.toFixed(2)} of the other's`,
      );
    }
  } finally {
    load.stop();
    await Promise.all(started.map((server) => server.stop()));
    await surroundings.close();
  }
}

/** A read and a write of one customer. */
function requestsOf(token: string): RestRequest[] {
  const headers = { authorization: `Bearer ${token}` };
  const body = JSON.stringify({ quantity: 1, requestId: '7c9e6679-7425-40de-944b-e07fc1f90ae7' });
  return [
    { method: 'GET', path: `/v1/${orderName}`, headers },
    { method: 'POST', path: '/v1/groups/0197c1d0-3f5e-7c11-9a52-000000000001:join', headers, body },
  ];
}
