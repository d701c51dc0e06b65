import { Server, ServerCredentials, type ServerOptions, type ServerUnaryCall, type ServerWritableStream } from '@grpc/grpc-js';

/** A method that streams its answers, and one that gives one. */
export const watch = '/kumiko.customer.v1.CustomerService/WatchGroup';
export const read = '/kumiko.customer.v1.CustomerService/GetDeal';

/** Messages stay bytes. */
export const raw = (bytes: Buffer) => bytes;

interface RawHandlers {
  watch(stream: ServerWritableStream<Buffer, Buffer>): void;
  read(call: ServerUnaryCall<Buffer, Buffer>, answer: (error: null, response: Buffer) => void): void;
}

/** A service of these two methods by grpc-js, on a free port. */
export async function startRawService(
  handlers: RawHandlers,
  options?: ServerOptions,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = new Server(options);
  const method = (path: string, responseStream: boolean) => ({
    path,
    requestStream: false,
    responseStream,
    requestSerialize: raw,
    requestDeserialize: raw,
    responseSerialize: raw,
    responseDeserialize: raw,
  });
  server.addService({ watch: method(watch, true), read: method(read, false) }, { ...handlers });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return { server, port };
}
