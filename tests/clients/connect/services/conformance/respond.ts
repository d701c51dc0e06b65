import { setTimeout as delay } from 'node:timers/promises';
import { create, type Message, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { type Metadata, status } from '@grpc/grpc-js';
import { Trailers } from '../../../../../services/platform/chassis/errors/trailers.ts';
import type { Outcome, Run, ServedMethod } from '../../../../../services/platform/chassis/server/served-method.ts';
import type { ServerCall } from '../../../../../services/platform/chassis/server/server-call.ts';
import { StatusSchema } from '../../../../../services/platform/contracts/gen/types/google/rpc/status_pb.js';
import { streamsResponses } from '../../../../../services/platform/contracts/streams.ts';
import {
  type BidiStreamRequest,
  type ClientStreamRequest,
  type ConformancePayload_RequestInfo,
  ConformancePayload_RequestInfoSchema,
  type Error as ErrorDefinition,
  type Header,
  type ServerStreamRequest,
  type StreamResponseDefinition,
  type UnaryRequest,
} from '../../gen/types/connectrpc/conformance/v1/service_pb.js';

/** Answers as a request of the suite says (docs/testing_servers.md of the suite). */
export function respond(method: ServedMethod): Run {
  if (method.desc.name === 'Unimplemented') return async () => ({ code: status.UNIMPLEMENTED, message: 'unimplemented' });
  return streamsResponses(method.desc) ? streaming(method) : answering(method);
}

function answering(method: ServedMethod): Run {
  return async (call) => {
    const requests: Message[] = [];
    for await (const request of requestsOf(call)) requests.push(request);
    const definition = (requests[0] as UnaryRequest | ClientStreamRequest | undefined)?.responseDefinition;
    call.answerHeaders = metadataOf(definition?.responseHeaders);
    const trailers = metadataOf(definition?.responseTrailers);
    const requestInfo = requestInfoOf(call, method, requests);
    if (definition !== undefined) await wait(definition, call);
    const response = definition?.response;
    if (response?.case === 'error') return failed(response.value, trailers, requestInfo);
    const data = response?.case === 'responseData' ? response.value : new Uint8Array();
    return { code: status.OK, message: '', response: method.encode({ payload: { data, requestInfo } }), trailers };
  };
}

function streaming(method: ServedMethod): Run {
  return async (call) => {
    let definition: StreamResponseDefinition | undefined;
    let requests: Message[] = [];
    let sent = 0;
    const due = () => (definition?.responseData.length ?? 0) - sent;
    const send = async (requestInfo: MessageInitShape<typeof ConformancePayload_RequestInfoSchema> | undefined) => {
      await wait(definition!, call);
      const data = definition!.responseData[sent++]!;
      await call.incoming.write(method.encode({ payload: { data, requestInfo } }), call.answerHeaders, call.signal);
    };
    // The first one tells what was asked, and those between the requests of a full duplex the requests since the last one.
    const toldFirst = () => (sent === 0 ? requestInfoOf(call, method, requests) : undefined);

    let fullDuplex = false;
    let trailers = metadataOf();
    for await (const request of requestsOf(call) as AsyncIterable<ServerStreamRequest | BidiStreamRequest>) {
      if (requests.length === 0 && sent === 0) {
        definition = request.responseDefinition;
        fullDuplex = 'fullDuplex' in request && request.fullDuplex;
        call.answerHeaders = metadataOf(definition?.responseHeaders);
        trailers = metadataOf(definition?.responseTrailers);
      }
      requests.push(request);
      if (!fullDuplex) continue;
      if (due() === 0) break;
      await send(toldFirst() ?? { requests: packed(method, requests) });
      requests = [];
    }
    while (due() > 0) await send(toldFirst());
    if (definition?.error === undefined) return { code: status.OK, message: '', trailers };
    return failed(definition.error, trailers, toldFirst());
  };
}

/** The requests of a call, of which all but streams have one. */
async function* requestsOf({ request, requests }: ServerCall): AsyncGenerator<Message> {
  if (requests === undefined) yield request!;
  else yield* requests;
}

async function wait({ responseDelayMs }: { readonly responseDelayMs: number }, { signal }: ServerCall): Promise<void> {
  if (responseDelayMs > 0) await delay(responseDelayMs, undefined, { signal });
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

function requestInfoOf(call: ServerCall, method: ServedMethod, requests: readonly Message[]): ConformancePayload_RequestInfo {
  const { metadata, clientDeadline, receivedAt } = call.incoming;
  const timeoutMs = clientDeadline - receivedAt;
  const requestHeaders = Object.keys(metadata.getMap()).map((name) => ({
    name,
    value: metadata.get(name).map((value) => (typeof value === 'string' ? value : value.toString('base64').replace(/=+$/, ''))),
  }));
  return create(ConformancePayload_RequestInfoSchema, {
    requestHeaders,
    // The edge tells a service the method's own deadline and a little more where the client has said nothing.
    ...(timeoutMs < method.deadlineMs && { timeoutMs: BigInt(timeoutMs) }),
    requests: packed(method, requests),
  });
}

function packed({ desc }: ServedMethod, requests: readonly Message[]): Any[] {
  return requests.map((request) => anyPack(desc.input, request));
}

/** Values of binary headers come as base64. */
function metadataOf(headers: readonly Header[] = []): Metadata {
  const metadata = new Trailers();
  for (const { name, value } of headers) {
    for (const one of value) metadata.add(name, name.endsWith('-bin') ? Buffer.from(one, 'base64') : one);
  }
  return metadata;
}
