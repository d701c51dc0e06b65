import { type EventEmitter, once } from 'node:events';
import { type handleBidiStreamingCall, type Server, type ServerDuplexStream, type ServiceDefinition, status } from '@grpc/grpc-js';

/** One protocol under two names: grpcurl and buf ask for v1 first, Python's library knows v1alpha only. */
const serviceNames = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];

/**
 * Serves reflection to whoever reaches the port (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md). What answers is loaded at the first call.
 *
 * Each service tells of all of the product's, since the edge passes reflection on to one of them. Files are given as the descriptor set has them: libraries
 * that read them by protobufjs first lose the options, and those made of proto-loader's definitions the imports as well.
 */
export function addReflection(server: Server): void {
  for (const name of serviceNames) server.addService(definition(`/${name}/ServerReflectionInfo`), { ServerReflectionInfo: info });
}

const info: handleBidiStreamingCall<Buffer, Buffer> = (stream) => {
  const gone = new AbortController();
  const calls: EventEmitter = stream;
  calls.once('cancelled', () => gone.abort());
  converse(stream, gone.signal).catch(() =>
    stream.emit('error', { code: status.INVALID_ARGUMENT, details: 'not a ServerReflectionRequest' }),
  );
};

async function converse(stream: ServerDuplexStream<Buffer, Buffer>, signal: AbortSignal): Promise<void> {
  const { reflectionAnswers } = await import('./answer-reflection.ts');
  const answer = reflectionAnswers();
  // Its end is the end of the questions only: the answers are still to be ended.
  const requests: AsyncIterable<Buffer> = stream.iterator({ destroyOnReturn: false });
  for await (const request of requests) {
    if (!stream.write(answer(request))) await once(stream, 'drain', { signal });
  }
  stream.end();
}

function definition(path: string): ServiceDefinition {
  const raw = (bytes: Buffer) => bytes;
  return {
    ServerReflectionInfo: {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: raw,
      requestDeserialize: raw,
      responseSerialize: raw,
      responseDeserialize: raw,
    },
  };
}
