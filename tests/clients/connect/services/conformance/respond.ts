import { setTimeout as delay } from 'node:timers/promises';
import { create, type Message, toBinary } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { type Metadata, status } from '@grpc/grpc-js';
import { Trailers } from '../../../../../services/platform/chassis/errors/trailers.ts';
import type { Outcome, Run, ServedMethod } from '../../../../../services/platform/chassis/server/served-method.ts';
import type { ServerCall } from '../../../../../services/platform/chassis/server/server-call.ts';
import { StatusSchema } from '../../../../../services/platform/contracts/gen/types/google/rpc/status_pb.js';
import {
  type ConformancePayload_RequestInfo,
  ConformancePayload_RequestInfoSchema,
  type Error as ErrorDefinition,
  type Header,
  type IdempotentUnaryRequest,
  type ServerStreamRequest,
  type UnaryRequest,
} from '../../gen/types/connectrpc/conformance/v1/service_pb.js';

/** Answers as a request of the suite says (docs/testing_servers.md of the suite). */
export function respond(method: ServedMethod): Run {
  if (method.desc.name === 'Unimplemented') return async () => ({ code: status.UNIMPLEMENTED, message: 'unimplemented' });
  return method.desc.methodKind === 'server_streaming' ? streaming(method) : unary(method);
}

function unary(method: ServedMethod): Run {
  return async (call) => {
    const request = call.request as UnaryRequest | IdempotentUnaryRequest;
    const definition = request.responseDefinition;
    call.answerHeaders = metadataOf(definition?.responseHeaders);
    const trailers = metadataOf(definition?.responseTrailers);
    const requestInfo = requestInfoOf(call, method, request);
    if (definition !== undefined && definition.responseDelayMs > 0)
      await delay(definition.responseDelayMs, undefined, { signal: call.signal });
    const response = definition?.response;
    if (response?.case === 'error') return failed(response.value, trailers, requestInfo);
    const data = response?.case === 'responseData' ? response.value : new Uint8Array();
    return { code: status.OK, message: '', response: method.encode({ payload: { data, requestInfo } }), trailers };
  };
}

function streaming(method: ServedMethod): Run {
  return async (call) => {
    const request = call.request as ServerStreamRequest;
    const definition = request.responseDefinition;
    call.answerHeaders = metadataOf(definition?.responseHeaders);
    const trailers = metadataOf(definition?.responseTrailers);
    const requestInfo = requestInfoOf(call, method, request);
    for (const [index, data] of (definition?.responseData ?? []).entries()) {
      if (definition !== undefined && definition.responseDelayMs > 0)
        await delay(definition.responseDelayMs, undefined, { signal: call.signal });
      // The first one tells what was asked.
      await call.incoming.write(method.encode({ payload: { data, ...(index === 0 && { requestInfo }) } }), call.answerHeaders, call.signal);
    }
    if (definition?.error === undefined) return { code: status.OK, message: '', trailers };
    return failed(definition.error, trailers, definition.responseData.length === 0 ? requestInfo : undefined);
  };
}

function failed(error: ErrorDefinition, trailers: Metadata, requestInfo: ConformancePayload_RequestInfo | undefined): Outcome {
  const details: Any[] = [
    ...error.details,
    ...(requestInfo === undefined ? [] : [anyPack(ConformancePayload_RequestInfoSchema, requestInfo)]),
  ];
  const { code, message = '' } = error;
  trailers.set('grpc-status-details-bin', Buffer.from(toBinary(StatusSchema, create(StatusSchema, { code, message, details }))));
  return { code: code as number as status, message, trailers };
}

function requestInfoOf(call: ServerCall, { desc, deadlineMs }: ServedMethod, request: Message): ConformancePayload_RequestInfo {
  const { metadata, clientDeadline, receivedAt } = call.incoming;
  const timeoutMs = clientDeadline - receivedAt;
  const requestHeaders = Object.keys(metadata.getMap()).map((name) => ({
    name,
    value: metadata.get(name).map((value) => (typeof value === 'string' ? value : value.toString('base64').replace(/=+$/, ''))),
  }));
  return create(ConformancePayload_RequestInfoSchema, {
    requestHeaders,
    // The edge tells a service the method's own deadline and a little more where the client has said nothing.
    ...(timeoutMs < deadlineMs && { timeoutMs: BigInt(timeoutMs) }),
    requests: [anyPack(desc.input, request)],
  });
}

/** Values of binary headers come as base64. */
function metadataOf(headers: readonly Header[] = []): Metadata {
  const metadata = new Trailers();
  for (const { name, value } of headers) {
    for (const one of value) metadata.add(name, name.endsWith('-bin') ? Buffer.from(one, 'base64') : one);
  }
  return metadata;
}
