import { setTimeout as wait } from 'node:timers/promises';
import { type DescMethod, fromBinary, fromJson, type JsonValue, type Registry, toBinary, toJson } from '@bufbuild/protobuf';
import { send, type WireRequest, type WireResponse } from './case-client.ts';
import {
  type ConformanceCase,
  type ExpectedResponse,
  type ExpectedUpstream,
  isRaw,
  type RawCase,
  type RequestCase,
} from './conformance-case.ts';
import { saysGoAway, sendRaw, statusesOf } from './raw-client.ts';
import { frame, readFrames, type ScriptedUpstream, type SeenRequest } from './scripted-upstream.ts';
import type { TokenAuthority } from './tokens.ts';

/** Where a case runs: a listener's port and what stands around it. */
export interface CaseBench {
  readonly port: number;
  readonly adminPort: number;
  readonly registry: Registry;
  readonly upstream: ScriptedUpstream;
  readonly authority: TokenAuthority;
}

/** How a case can be sent. */
export type CaseProtocol = 'HTTP/1.1' | 'HTTP/2';

/** The protocols that a case is run by. */
export function protocolsOf(one: ConformanceCase): readonly CaseProtocol[] {
  if (isRaw(one)) return one.http1 === undefined ? ['HTTP/2'] : ['HTTP/1.1'];
  const http2Only = one.request.grpc !== undefined || one.request.trailers !== undefined;
  return one.request.protocols ?? (http2Only ? ['HTTP/2'] : ['HTTP/1.1', 'HTTP/2']);
}

/** Runs one case by one protocol and tells what differs; nothing where the gateway conforms. */
export async function runCase(bench: CaseBench, one: ConformanceCase, protocol: CaseProtocol): Promise<string[]> {
  if (isRaw(one)) return await runRaw(bench, one);
  const post = (path: string) => fetch(`http://127.0.0.1:${bench.adminPort}${path}`, { method: 'POST' });
  for (const path of one.admin?.before ?? []) await post(path);
  try {
    return await runRequest(bench, one, protocol);
  } finally {
    for (const path of one.admin?.after ?? []) await post(path);
  }
}

async function runRequest(bench: CaseBench, one: RequestCase, protocol: CaseProtocol): Promise<string[]> {
  bench.upstream.script(one.upstream);
  const request = await wireRequest(bench, one, protocol);
  if (one.request.afterMs !== undefined) await wait(one.request.afterMs);
  let response = await send(bench.port, request);
  for (let i = 1; i < (one.request.times ?? 1); i++) {
    bench.upstream.script(one.upstream);
    response = await send(bench.port, request);
  }
  const faults = compareResponse(bench, one, response);
  if (one.expectUpstream !== undefined) faults.push(...compareUpstream(bench.upstream.seen, one.expectUpstream));
  return faults;
}

async function runRaw({ port, upstream }: CaseBench, one: RawCase): Promise<string[]> {
  upstream.script(undefined);
  const { bytes, closed } = await sendRaw(port, one);
  const faults: string[] = [];
  const { statuses, closes } = one.expect;
  if (statuses !== undefined) {
    const got = statusesOf(bytes);
    const fits = got.length === statuses.length && statuses.every((wanted, i) => [wanted].flat().includes(got[i]!));
    if (!fits) faults.push(`statuses ${JSON.stringify(got)}, not ${JSON.stringify(statuses)}`);
  }
  const ended = closed || (one.http2 !== undefined && saysGoAway(bytes));
  if (closes !== undefined && ended !== closes) faults.push(`the connection ${ended ? 'ended' : 'stayed'}`);
  const most = one.upstreamAtMost ?? 0;
  if (upstream.seen.length > most) faults.push(`the upstream got ${upstream.seen.length} requests, more than ${most}`);
  return faults;
}

async function wireRequest({ registry, authority }: CaseBench, { request }: RequestCase, protocol: CaseProtocol): Promise<WireRequest> {
  const headers: (readonly [string, string])[] = [...(request.headers ?? [])];
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

function compareResponse({ registry }: CaseBench, { request, expect }: RequestCase, response: WireResponse): string[] {
  const faults: string[] = [];
  if (response.status !== expect.status)
    faults.push(`status ${response.status}, not ${expect.status}; body: ${response.body.toString().slice(0, 300)}`);
  if (expect.body !== undefined) faults.push(...compareBody(expect.body, response.body.toString()));
  faults.push(...compareHeaders('response header', expect.headers ?? {}, response.headers));
  faults.push(...compareHeaders('response trailer', expect.trailers ?? {}, response.trailers));
  if (request.grpc !== undefined) faults.push(...compareGrpc(registry, request.path, expect, response));
  return faults;
}

function compareBody(expected: NonNullable<ExpectedResponse['body']>, actual: string): string[] {
  if (typeof expected === 'string') return actual === expected ? [] : [`body ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`];
  if (expected instanceof RegExp) return expected.test(actual) ? [] : [`body ${JSON.stringify(actual)} does not match ${expected}`];
  try {
    return sameJson(JSON.parse(actual) as JsonValue, expected.json) ? [] : [`body ${actual}, not ${JSON.stringify(expected.json)}`];
  } catch {
    return [`body ${JSON.stringify(actual)} is no JSON`];
  }
}

function compareGrpc(registry: Registry, path: string, expect: ExpectedResponse, response: WireResponse): string[] {
  const faults: string[] = [];
  const all = new Map([...response.headers, ...response.trailers]);
  const status = all.get('grpc-status');
  if (status !== String(expect.grpcStatus ?? 0))
    faults.push(`grpc-status ${status}, not ${expect.grpcStatus ?? 0}; message ${all.get('grpc-message')}`);
  if (expect.grpcMessage !== undefined) faults.push(...compareHeaders('gRPC', { 'grpc-message': expect.grpcMessage }, all));
  const method = methodOf(registry, path);
  if (expect.messages !== undefined && method !== undefined) {
    const messages = readFrames(response.body).map((one) => toJson(method.output, fromBinary(method.output, one), { registry }));
    if (!sameJson(messages, [...expect.messages]))
      faults.push(`messages ${JSON.stringify(messages)}, not ${JSON.stringify(expect.messages)}`);
  }
  return faults;
}

function compareHeaders(
  what: string,
  expected: Readonly<Record<string, string | RegExp | null>>,
  actual: ReadonlyMap<string, string>,
): string[] {
  return Object.entries(expected).flatMap(([name, wanted]) => {
    const value = actual.get(name);
    const fits =
      wanted === null ? value === undefined : wanted instanceof RegExp ? value !== undefined && wanted.test(value) : value === wanted;
    return fits ? [] : [`${what} ${name}: ${JSON.stringify(value)}, not ${wanted instanceof RegExp ? wanted : JSON.stringify(wanted)}`];
  });
}

function compareUpstream(seen: readonly SeenRequest[], expected: ExpectedUpstream | 'untouched'): string[] {
  if (expected === 'untouched') return seen.length === 0 ? [] : [`the upstream got ${seen[0]!.path}`];
  const attempts = expected.attempts ?? 1;
  if (seen.length !== attempts)
    return [`the upstream got ${seen.length} requests, not ${attempts}: ${seen.map(({ path }) => path).join(', ')}`];
  const last = seen.at(-1)!;
  const faults = last.path === expected.path ? [] : [`the upstream got ${last.path}, not ${expected.path}`];
  if (expected.via !== undefined && last.via !== expected.via) faults.push(`the request came to ${last.via}, not ${expected.via}`);
  const wanted = expected.messages ?? (expected.message === undefined ? undefined : [expected.message]);
  const got = expected.messages === undefined ? last.messages.slice(0, 1) : last.messages;
  if (wanted !== undefined && !sameJson([...got], [...wanted]))
    faults.push(`the upstream got the messages ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);
  if (expected.audience !== undefined) {
    const audience = audienceIn(last.headers.get('x-serverless-authorization'));
    if (audience !== expected.audience) faults.push(`the gateway's token is for ${audience}, not ${expected.audience}`);
  }
  faults.push(...compareHeaders('upstream trailer', expected.trailers ?? {}, last.trailers));
  return [...faults, ...compareHeaders('upstream header', expected.headers ?? {}, last.headers)];
}

function audienceIn(header: string | undefined): unknown {
  const payload = header?.split('.')[1];
  return payload === undefined ? undefined : (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { aud?: unknown }).aud;
}

function methodOf(registry: Registry, path: string): DescMethod | undefined {
  const [, service = '', name = ''] = path.split('/');
  return registry.getService(service)?.methods.find((method) => method.name === name);
}

function sameJson(a: JsonValue, b: JsonValue): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sorted(value[key]!)]),
  );
}
