import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { project } from '../deploy/local/platform/place.ts';
import { audienceOf } from '../services/platform/contracts/identities.ts';
import { alternate, type Contender, describeRounds, machine, ratios } from './load/compare.ts';
import { type RestLoad, startLoadProcess } from './load/load.ts';
import { startServerProcess } from './load/server-process.ts';
import { startEdgeFixture } from './servers/edge-fixture.ts';
import { checkRead, readOf, writeOf } from './servers/edge-requests.ts';

export const question =
  'REST with a token: the edge gateway against one written by hand with Fastify, jose, grpc-js and pino? (target: 1.4 times less CPU time, with and without a cache of verified tokens)';

const callers = 50;
const connections = 32;

/** Four gateways in turn, before the same gRPC server: both kinds, with and without a cache of verified tokens. Each writes a line for each request. */
export async function run(report: (line: string) => void): Promise<void> {
  const fixture = await startEdgeFixture();
  const load = startLoadProcess();
  const logs = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  const byHand = (cache: 'on' | 'off') =>
    startServerProcess(join(import.meta.dirname, 'fastify-gateway/main.ts'), {
      env: {
        PROJECT: project,
        ISSUER: `https://securetoken.google.com/${project}`,
        AUDIENCE: project,
        JWKS_URI: `http://127.0.0.1:${fixture.issuerPort}/customer/jwks.json`,
        METADATA_HOST: `127.0.0.1:${fixture.metadataPort}`,
        UPSTREAM: `127.0.0.1:${fixture.upstream.port}`,
        UPSTREAM_AUDIENCE: audienceOf('customer', project),
        TOKEN_CACHE: cache,
        ACCESS_LOG: join(logs, `cache-${cache}.log`),
      },
    });
  const started = await Promise.all([fixture.startGateway(), byHand('on'), fixture.startGateway({ tokenCache: false }), byHand('off')]);
  try {
    const requests = (await fixture.customerTokens(callers)).flatMap((token) => [readOf(token), writeOf(token)]);
    for (const { port } of started) await checkRead(port, requests[0]!);
    const names = ['edge gateway, cache', 'by hand, cache', 'edge gateway, no cache', 'by hand, no cache'];
    const contenders = started.map((server, index): Contender => {
      const what: RestLoad = { kind: 'rest', port: server.port, requests, connections };
      return { name: names[index]!, server, load: what };
    });
    const results = await alternate(load, contenders, { warmUpMs: 2_000, roundMs: 600, rounds: 11 });
    report(machine());
    for (const [index, rounds] of results.entries()) report(describeRounds(names[index]!, rounds));
    for (const [label, ours, base] of [
      ['with', 0, 1],
      ['without', 2, 3],
    ] as const) {
      const { perSecond, cpu, p99 } = ratios(results[ours]!, results[base]!);
      report(
        `${label} a cache of verified tokens: ${cpu.toFixed(2)} times less CPU time (target 1.4), ${perSecond.toFixed(2)} times the requests per second, ` +
          `p99 ${p99.toFixed(2)} of the other's`,
      );
    }
    await Promise.all(started.map((server) => server.stop()));
    for (const cache of ['on', 'off']) checkLog(join(logs, `cache-${cache}.log`));
  } finally {
    load.stop();
    await Promise.all(started.map((server) => server.stop()));
    await fixture.close();
    rmSync(logs, { recursive: true, force: true });
  }
}

/** The comparison is one of gateways that both write lines. */
function checkLog(file: string): void {
  const line = JSON.parse(readFileSync(file, 'utf8').split('\n')[0]!) as { httpRequest?: { status?: number } };
  if (line.httpRequest?.status !== 200) throw new Error(`the gateway by hand has not logged: ${JSON.stringify(line)}`);
}
