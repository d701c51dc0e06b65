import { type DescMethod, fromBinary, type Registry, toJson } from '@bufbuild/protobuf';
import type { WireResponse } from './case-client.ts';
import { compareHeaders } from './compare-headers.ts';
import type { CaseRequest, ExpectedResponse } from './conformance-case.ts';
import { sameJson } from './same-json.ts';
import { readFrames } from './scripted-upstream.ts';

/** What is wrong with what the client got. */
export function compareResponse(registry: Registry, request: CaseRequest, expect: ExpectedResponse, response: WireResponse): string[] {
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
    return sameJson(JSON.parse(actual), expected.json) ? [] : [`body ${actual}, not ${JSON.stringify(expected.json)}`];
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

function methodOf(registry: Registry, path: string): DescMethod | undefined {
  const [, service = '', name = ''] = path.split('/');
  return registry.getService(service)?.methods.find((method) => method.name === name);
}
