import { type FileRegistry, fromBinary, fromJson, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf';
import { send, type WireRequest, type WireResponse } from './case-client.ts';
import type { ConformanceCase, ExpectedResponse, ExpectedUpstream } from './conformance-case.ts';
import { frame, readFrames, type ScriptedUpstream, type SeenRequest } from './scripted-upstream.ts';
import type { TokenAuthority } from './tokens.ts';

/** Where cases run: a gateway's port and what stands around it. */
export interface CaseBench {
  readonly port: number;
  readonly registry: FileRegistry;
  readonly upstream: ScriptedUpstream;
  readonly authority: TokenAuthority;
}

/** Runs one case by one protocol and tells what differs; nothing where the gateway conforms. */
export async function runCase(bench: CaseBench, one: ConformanceCase, protocol: 'HTTP/1.1' | 'HTTP/2'): Promise<string[]> {
  bench.upstream.script(one.upstream);
  const response = await send(bench.port, await wireRequest(bench, one, protocol));
  const faults = compareResponse(bench, one, response);
  if (one.expectUpstream !== undefined) faults.push(...compareUpstream(bench.upstream.seen, one.expectUpstream));
  return faults;
}

async function wireRequest(
  { registry, authority }: CaseBench,
  { request }: ConformanceCase,
  protocol: 'HTTP/1.1' | 'HTTP/2',
): Promise<WireRequest> {
  const headers: (readonly [string, string])[] = [...(request.headers ?? [])];
  if (request.token !== undefined) headers.push(['authorization', `Bearer ${await authority.token(request.token)}`]);
  if (request.grpc !== undefined) {
    const method = methodOf(registry, request.path);
    headers.push(['content-type', 'application/grpc'], ['te', 'trailers']);
    const body = frame(
      method === undefined ? new Uint8Array() : toBinary(method.input, fromJson(method.input, request.grpc, { registry })),
    );
    return { protocol, method: 'POST', path: request.path, headers, body };
  }
  if (request.body === undefined) return { protocol, method: request.method, path: request.path, headers, body: undefined };
  const text = typeof request.body === 'string' ? request.body : JSON.stringify(request.body);
  if (!headers.some(([name]) => name === 'content-type')) headers.push(['content-type', 'application/json']);
  return { protocol, method: request.method, path: request.path, headers, body: Buffer.from(text.repeat(request.repeat ?? 1)) };
}

function compareResponse({ registry }: CaseBench, { request, expect }: ConformanceCase, response: WireResponse): string[] {
  const faults: string[] = [];
  if (response.status !== expect.status)
    faults.push(`status ${response.status}, not ${expect.status}; body: ${response.body.toString().slice(0, 300)}`);
  if (expect.body !== undefined) faults.push(...compareBody(expect.body, response.body.toString()));
  faults.push(...compareHeaders('response header', expect.headers ?? {}, response.headers));
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

function compareGrpc(registry: FileRegistry, path: string, expect: ExpectedResponse, response: WireResponse): string[] {
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
  if (seen.length !== attempts) return [`the upstream got ${seen.length} requests, not ${attempts}`];
  const last = seen.at(-1)!;
  const faults = last.path === expected.path ? [] : [`the upstream got ${last.path}, not ${expected.path}`];
  if (expected.message !== undefined && !sameJson(last.messages[0] ?? null, expected.message)) {
    faults.push(`the upstream got the message ${JSON.stringify(last.messages[0])}, not ${JSON.stringify(expected.message)}`);
  }
  return [...faults, ...compareHeaders('upstream header', expected.headers ?? {}, last.headers)];
}

function methodOf(registry: FileRegistry, path: string) {
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
