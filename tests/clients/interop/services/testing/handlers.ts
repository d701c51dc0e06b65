import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { RpcError } from '../../../../../services/platform/chassis/errors/rpc-error.ts';
import type { Handlers } from '../../../../../services/platform/chassis/server/call.ts';
import type {
  EchoStatus,
  StreamingInputCallRequest,
  StreamingOutputCallRequest,
  TestService,
} from '../../gen/types/grpc/testing/test_pb.js';

/** What the client of gRPC's interoperability tests expects (doc/interop-test-descriptions.md in grpc/grpc). */
export const handlers: Handlers<typeof TestService> = {
  emptyCall: async () => ({}),
  unaryCall: async ({ responseStatus, responseSize, fillServerId }) => {
    refuseAs(responseStatus);
    return { payload: payloadOf(responseSize), ...(fillServerId && { serverId: 'kumiko' }) };
  },
  streamingOutputCall: (request, { signal }) => wanted(request, signal),
  streamingInputCall: async (requests: AsyncIterable<StreamingInputCallRequest>) => {
    let aggregatedPayloadSize = 0;
    for await (const { payload } of requests) aggregatedPayloadSize += payload?.body.length ?? 0;
    return { aggregatedPayloadSize };
  },
  fullDuplexCall: async function* (requests: AsyncIterable<StreamingOutputCallRequest>, { signal }) {
    for await (const request of requests) {
      refuseAs(request.responseStatus);
      yield* wanted(request, signal);
    }
  },
  unimplementedCall: async () => {
    throw new RpcError({ code: status.UNIMPLEMENTED, reason: 'UNIMPLEMENTED', message: 'not implemented' });
  },
};

async function* wanted({ responseParameters }: StreamingOutputCallRequest, signal: AbortSignal) {
  for (const { size, intervalUs } of responseParameters) {
    if (intervalUs > 0) await delay(intervalUs / 1000, undefined, { signal });
    yield { payload: payloadOf(size) };
  }
}

function refuseAs(wish: EchoStatus | undefined): void {
  if (wish !== undefined && wish.code !== status.OK) throw new RpcError({ code: wish.code, reason: 'INTERNAL', message: wish.message });
}

function payloadOf(size: number) {
  return { body: new Uint8Array(size) };
}
