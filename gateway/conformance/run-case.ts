import { setTimeout as delay } from 'node:timers/promises';
import { type DescMethod, fromJson, type Registry, toBinary } from '@bufbuild/protobuf';
import { adminPage } from '../envoy/admin-page.ts';
import type { RunningEnvoy } from '../envoy/start-envoy.ts';
import { StreamReset, send, type WireRequest } from './case-client.ts';
import { compareLog } from './compare-log.ts';
import { compareResponse } from './compare-response.ts';
import { compareUpstream } from './compare-upstream.ts';
import { type ConformanceCase, isRaw, type RawCase, type RequestCase } from './conformance-case.ts';
import { saysGoAway, sendRaw, statusesOf } from './raw-client.ts';
import { frame, type ScriptedUpstream } from './scripted-upstream.ts';
import type { TokenAuthority } from './tokens.ts';

/** Where a case runs: an Envoy, its port for clients, and what stands around it. */
export interface CaseBench {
  readonly envoy: RunningEnvoy;
  readonly port: number;
  readonly registry: Registry;
  readonly upstream: ScriptedUpstream;
  readonly authority: TokenAuthority;
}

/** How a case can be sent. */
type CaseProtocol = 'HTTP/1.1' | 'HTTP/2';

/** The protocols that a case is run by. */
export function protocolsOf(one: ConformanceCase): readonly CaseProtocol[] {
  if (isRaw(one)) return one.http1 === undefined ? ['HTTP/2'] : ['HTTP/1.1'];
  const http2Only = one.request.grpc !== undefined || one.request.trailers !== undefined;
  return one.request.protocols ?? (http2Only ? ['HTTP/2'] : ['HTTP/1.1', 'HTTP/2']);
}

/** Runs one case by one protocol and tells what differs; nothing where Envoy does as it says. */
export async function runCase(bench: CaseBench, one: ConformanceCase, protocol: CaseProtocol): Promise<string[]> {
  const deadline = Date.now() + (one.within ?? 0);
  for (const path of one.admin?.before ?? []) await adminPage(bench.envoy.adminPort, path, 'POST');
  try {
    for (;;) {
      const faults = isRaw(one) ? await runRaw(bench, one) : await runRequest(bench, one, protocol);
      if (faults.length === 0 || Date.now() > deadline) return faults;
      await delay(50);
    }
  } finally {
    for (const path of one.admin?.after ?? []) await adminPage(bench.envoy.adminPort, path, 'POST');
  }
}

async function runRequest(bench: CaseBench, one: RequestCase, protocol: CaseProtocol): Promise<string[]> {
  const request = await wireRequest(bench, one, protocol);
  const times = one.request.times ?? 1;
  for (let n = 1; n < times; n++) {
    bench.upstream.script(one.upstream);
    await send(bench.port, numbered(request, n));
  }
  bench.upstream.script(one.upstream);
  const faults = await sendAndCompare(bench, one, numbered(request, times));
  if (one.expectUpstream !== undefined) faults.push(...compareUpstream(bench.upstream, one.expectUpstream));
  if (one.expectLog !== undefined) faults.push(...(await compareLog(bench.envoy, userAgentOf(request), one.expectLog)));
  return faults;
}

async function sendAndCompare({ port, registry }: CaseBench, { request, expect }: RequestCase, wire: WireRequest): Promise<string[]> {
  try {
    const response = await send(port, wire);
    if ('reset' in expect) return [`status ${response.status}, not the end of the stream by ${expect.reset}`];
    return compareResponse(registry, request, expect, response);
  } catch (error) {
    if (!(error instanceof StreamReset)) throw error;
    if (!('reset' in expect)) return [`the stream ended by ${error.code}, not with status ${expect.status}`];
    return error.code === expect.reset ? [] : [`the stream ended by ${error.code}, not by ${expect.reset}`];
  }
}

async function runRaw({ port, upstream }: CaseBench, one: RawCase): Promise<string[]> {
  upstream.script(undefined);
  const { bytes, closed, refused } = await sendRaw(port, one);
  const faults: string[] = [];
  const { statuses, closes, answer } = one.expect;
  if (refused !== (one.expect.refused ?? false)) faults.push(`the connection was ${refused ? 'refused' : 'taken'}`);
  if (statuses !== undefined) {
    const got = statusesOf(bytes);
    const fits = got.length === statuses.length && statuses.every((wanted, i) => [wanted].flat().includes(got[i]!));
    if (!fits) faults.push(`statuses ${JSON.stringify(got)}, not ${JSON.stringify(statuses)}`);
  }
  if (answer !== undefined && !answer.test(bytes.toString('latin1')))
    faults.push(`the answer does not match ${answer}: ${bytes.toString('latin1')}`);
  const ended = closed || (one.http2 !== undefined && saysGoAway(bytes));
  if (closes !== undefined && ended !== closes) faults.push(`the connection ${ended ? 'ended' : 'stayed'}`);
  const most = one.upstreamAtMost ?? 0;
  if (upstream.seen.length > most) faults.push(`the upstream got ${upstream.seen.length} requests, more than ${most}`);
  return faults;
}

let lines = 0;

async function wireRequest({ registry, authority }: CaseBench, one: RequestCase, protocol: CaseProtocol): Promise<WireRequest> {
  const { request } = one;
  const headers: (readonly [string, string])[] = [...(request.headers ?? [])];
  // Its line in the access log is found by it.
  if (one.expectLog !== undefined) headers.push(['user-agent', `case/${++lines}`]);
  let { path } = request;
  if (request.token !== undefined) {
    const token = await authority.token(request.token);
    path = path.replace('{token}', token);
    if (request.tokenHeader === undefined) headers.push(['authorization', `Bearer ${token}`]);
    else if (request.tokenHeader !== null) headers.push([request.tokenHeader, token]);
  }
  const trailers = request.trailers === undefined ? {} : { trailers: request.trailers };
  if (request.grpc !== undefined) {
    const method = methodOf(registry, path);
    headers.push(['content-type', 'application/grpc'], ['te', 'trailers']);
    const message = method === undefined ? new Uint8Array() : toBinary(method.input, fromJson(method.input, request.grpc, { registry }));
    return { protocol, method: 'POST', path, headers, body: frame(message), ...trailers };
  }
  return { protocol, method: request.method, path, headers, body: bodyOf(request, headers), ...trailers };
}

function bodyOf(request: RequestCase['request'], headers: (readonly [string, string])[]): Buffer | undefined {
  if (request.bytes !== undefined) return Buffer.from(request.bytes, 'base64');
  if (request.body === undefined) return undefined;
  const text = typeof request.body === 'string' ? request.body : JSON.stringify(request.body);
  if (!headers.some(([name]) => name === 'content-type')) headers.push(['content-type', 'application/json']);
  return Buffer.from(text.repeat(request.repeat ?? 1));
}

function numbered(request: WireRequest, n: number): WireRequest {
  return { ...request, headers: request.headers.map(([name, value]) => [name, value.replaceAll('{n}', String(n))]) };
}

function userAgentOf({ headers }: WireRequest): string {
  return headers.findLast(([name]) => name === 'user-agent')![1];
}

function methodOf(registry: Registry, path: string): DescMethod | undefined {
  const [, service = '', name = ''] = path.split('/');
  return registry.getService(service)?.methods.find((method) => method.name === name);
}
