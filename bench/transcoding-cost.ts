import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { toJson } from '@bufbuild/protobuf';
import type { Preview } from '../gateway/bootstrap/environment.ts';
import { OrderSchema } from '../services/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { alternate, type Contender, describeRounds, machine, median } from './load/compare.ts';
import { type Frame, profileClock, readProfile, sharesOfParts } from './load/cpu-profile.ts';
import { type RestRequest, startLoadProcess } from './load/load.ts';
import type { ServerProcess } from './load/server-process.ts';
import { startEdgeSurroundings } from './servers/edge-surroundings.ts';
import { order, orderName } from './servers/order.ts';

export const question =
  'What of the CPU time of a REST request is which filter? (by the samples of a CPU profile, each counted for the innermost filter on its stack)';

const callers = 50;
const connections = 32;
const origin = 'http://localhost:5173';
const perSecond = 1_000_000;
const rounds = { warmUpMs: 2_500, roundMs: 800, rounds: 11 };

// Every filter that a deployment can have, compression aside, whose cost is that of gzip.
const everyFilter = {
  corsOrigins: [origin],
  rateLimits: { clientPerSecond: perSecond, callerPerSecond: perSecond, anonymousPerSecond: perSecond },
};
const previews: Preview[] = [{ service: 'partner', tag: 'pr-123', url: 'http://127.0.0.1:1' }];

const dataplane = (files: string) => new RegExp(`/gateway/dataplane/(${files})`);
const parts: readonly (readonly [name: string, url: RegExp])[] = [
  ['health_check', dataplane('filters/health-check')],
  ['cors', dataplane('filters/cors')],
  ['local_ratelimit, client and caller', dataplane('filters/local-ratelimit|rate-limit-descriptors|token-bucket')],
  ['jwt_authn', dataplane('filters/jwt-authn|jwt/')],
  ['grpc_json_transcoder', dataplane('filters/grpc-json-transcoder|transcoder/')],
  ['rbac', dataplane('filters/rbac|rbac-rules')],
  ['wasm', /^wasm:|\/gateway\/(wasm-host\/|dataplane\/(filters\/wasm|wasm-properties))/],
  ['router', dataplane('filters/router|routed-request|request-body|retry|cluster|endpoints')],
  ['upstream HTTP/2', dataplane('http2/|http2-pool')],
  ['downstream HTTP/1.1', /^node:_http|\/gateway\/dataplane\/(http1-downstream|listener)/],
  ['connection manager', dataplane('connection-manager|http-stream|stream-timers|path-normalization|header-edits')],
  ['matching of the route', dataplane('route-table')],
  ['access log', dataplane('access-log|substitution|standard-output')],
];

/** A gateway with and one without a profile, and one that lacks a wasm filter: both wasm filters run through the same host. */
export async function run(report: (line: string) => void): Promise<void> {
  const surroundings = await startEdgeSurroundings();
  const load = startLoadProcess();
  const folders = ['all', 'one'].map((name) => mkdtempSync(join(tmpdir(), `kumiko-bench-${name}-`)));
  try {
    const plain = await surroundings.startGateway({ tokenCache: true, environment: { ...everyFilter, previews } });
    const all = await surroundings.startGateway({ tokenCache: true, environment: { ...everyFilter, previews }, profiles: folders[0]! });
    const oneWasm = await surroundings.startGateway({ tokenCache: true, environment: everyFilter, profiles: folders[1]! });
    const servers: Readonly<Record<string, ServerProcess>> = {
      'every filter': plain,
      'every filter, profiled': all,
      'without dynamic-routing, profiled': oneWasm,
    };
    const requests = (await surroundings.customerTokens(callers)).map(requestOf);
    for (const { port } of Object.values(servers)) await checkAnswer(port, requests[0]!);
    const contenders = Object.entries(servers).map(
      ([name, server]): Contender => ({ name, server, load: { kind: 'rest', port: server.port, requests, connections } }),
    );
    const warm = profileClock() + contenders.length * rounds.warmUpMs * 1_000;
    const results = await alternate(load, contenders, rounds);
    const end = profileClock();
    await Promise.all([all.stop(), oneWasm.stop()]);
    const [whole, profiled, profiledOneWasm] = results.map((result) => median(result.map(({ cpuMicros }) => cpuMicros))) as [
      number,
      number,
      number,
    ];
    const [shares, sharesOneWasm] = folders.map((folder) => sharesOfParts(readProfile(folder), warm, end, partOf)) as [Shares, Shares];
    const costs = new Map([...shares].map(([part, share]) => [part, share * whole]));
    // What the profiler costs is taken to be spread evenly.
    const metadataToken = (sharesOneWasm.get('wasm') ?? 0) * profiledOneWasm * (whole / profiled);
    costs.set('wasm: metadata-token', metadataToken);
    costs.set('wasm: dynamic-routing', costs.get('wasm')! - metadataToken);
    costs.delete('wasm');
    report(machine());
    for (const [index, { name }] of contenders.entries()) report(describeRounds(name, results[index]!));
    for (const [part, cost] of [...costs].toSorted(([, a], [, b]) => b - a))
      report(`${part}: ${cost.toFixed(1)} µs (${((100 * cost) / whole).toFixed(1)} %)`);
  } finally {
    load.stop();
    await surroundings.close();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

type Shares = ReturnType<typeof sharesOfParts>;

function partOf({ functionName, url }: Frame): string | undefined {
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (functionName === '(program)') return 'outside of JavaScript';
  return parts.find(([, files]) => files.test(url))?.[0];
}

function requestOf(token: string): RestRequest {
  return { method: 'GET', path: `/v1/${orderName}`, headers: { authorization: `Bearer ${token}`, origin } };
}

/** The load counts a 200 as right; here the whole answer is looked at. */
async function checkAnswer(port: number, { path, headers }: RestRequest): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  const body = await response.json();
  if (!isDeepStrictEqual(body, toJson(OrderSchema, order)) || response.headers.get('access-control-allow-origin') !== origin)
    throw new Error(`the gateway answers ${response.status} ${JSON.stringify(body)}`);
}
