import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { ApiError, invalidArgument, reportUnexpected } from './api-error.ts';
import { clientProtos } from './client-protos.ts';
import { measured, requestBytes } from './request-size.ts';

/**
 * The gRPC services that come with a Google client package, by full name.
 * Messages are plain objects: int64 as text, enums by name, unset messages null.
 */
export function loadServices(packageName: string): (service: string) => ServiceDefinition {
  const definitions = fromJSON(clientProtos(packageName).json, { longs: String, enums: String, defaults: true });
  return (service) => {
    const definition = definitions[service];
    // Messages and enums have a format, services have not.
    if (definition === undefined || 'format' in definition) throw new Error(`${packageName} has no service ${service}`);
    return measured(definition);
  };
}

/** A unary method. ApiErrors go to the caller as they are, anything else as INTERNAL without its text. */
export function unary<Request, Response>(
  handle: (request: Request, signal: AbortSignal) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return async (call, callback) => {
    const cancelled = new AbortController();
    call.once('cancelled', () => cancelled.abort());
    try {
      callback(null, await handle(call.request, cancelled.signal));
    } catch (error) {
      callback(toStatus(error));
    }
  };
}

/** A handler that refuses requests of more than `bytes` on the wire with INVALID_ARGUMENT, as Google's front does before the API sees them. */
export function limited<Request extends object, Response>(
  bytes: number,
  handle: (request: Request, signal: AbortSignal) => Response,
): (request: Request, signal: AbortSignal) => Response {
  return (request, signal) => {
    const size = requestBytes(request);
    if (size > bytes) throw invalidArgument(`the request has ${size} bytes, at most ${bytes} are allowed`);
    return handle(request, signal);
  };
}

/** What a caller gets to see of an error. */
export function toStatus(error: unknown): { code: status; details: string } {
  if (error instanceof ApiError) return { code: error.code, details: error.message };
  reportUnexpected(error);
  return { code: status.INTERNAL, details: 'internal error' };
}

/**
 * Serves plaintext gRPC on 127.0.0.1. `close` also ends open calls.
 *
 * @throws Error with the code EADDRINUSE, as Node's servers do, where the port is taken.
 */
export async function serveGrpc(
  port: number,
  services: readonly (readonly [ServiceDefinition, UntypedServiceImplementation])[],
): Promise<{ port: number; close(): void }> {
  // Pub/Sub takes publish requests of 10 MB; grpc-js accepts 4 MB by default.
  const server = new Server({ 'grpc.max_receive_message_length': 16 * 1024 * 1024 });
  for (const [definition, implementation] of services) server.addService(definition, implementation);
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, boundPort) =>
      error ? reject(listenError(error, port)) : resolve(boundPort),
    );
  });
  return { port: bound, close: () => server.forceShutdown() };
}

// grpc-js has the system's code in its text only.
function listenError(error: Error, port: number): Error {
  if (!error.message.includes('EADDRINUSE')) return error;
  return Object.assign(new Error(`listen EADDRINUSE: address already in use 127.0.0.1:${port}`), { code: 'EADDRINUSE', port });
}
