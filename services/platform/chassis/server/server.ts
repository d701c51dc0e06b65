import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { type handleUnaryCall, Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Logger } from 'pino';
import type { Principal } from '../../contracts/identities.ts';
import { type GrpcService, servedBy } from '../../contracts/services.ts';
import { Dispatcher, type Route } from './dispatcher.ts';
import { addReflection } from './reflection.ts';

/** Where and what to serve. */
export interface ServerOptions {
  /** The service: the gRPC services of its proto package are served, and the platform's own. */
  readonly name: Principal;
  readonly host: string;
  /** 0 binds any free port. */
  readonly port: number;
  /** Serves reflection as well, to whoever reaches the port. */
  readonly reflection: boolean;
  readonly project: string;
  readonly logger: Logger;
}

/** A gRPC server that is bound before it knows its handlers: calls that come early wait for them. */
interface BoundServer {
  readonly port: number;
  /** The gRPC names of the services that need handlers. */
  readonly serviceNames: readonly string[];
  /** Whether anybody has connected. */
  readonly connected: () => boolean;
  /** Resolves with the first call, one of the health service once it is answered. */
  readonly called: Promise<void>;
  /** Lets calls go to their handlers, by gRPC path. */
  serve(routes: ReadonlyMap<string, Route>): void;
  /** Turns NOT_SERVING, takes no new connection or call, ends streams with UNAVAILABLE, and after `graceMs` the other calls too. */
  drain(graceMs: number): Promise<void>;
}

/** For the last bytes of the answers, once every call has ended. */
const flushMs = 500;
/** For an answer to leave before something takes the thread. */
const flushAnswerMs = 5;

/**
 * Binds the port, plaintext HTTP/2: Cloud Run ends TLS before it.
 *
 * @throws {Error} naming the address where it cannot be bound.
 */
export async function bindServer({ name, host, port, reflection, project, logger }: ServerOptions): Promise<BoundServer> {
  // channelz keeps books on every message for a debugger that is never attached.
  const services = servedBy(name);
  const maxRequestBytes = Math.max(...services.flatMap(({ methods }) => methods.map((method) => method.maxRequestBytes)));
  const server = new Server({ 'grpc.enable_channelz': 0, 'grpc.max_receive_message_length': maxRequestBytes });
  const boundPort = await listen(server, host, port);
  let connected = false;
  // grpc-js does not say it.
  const onConnection = (message: unknown) => {
    connected ||= (message as { readonly socket: Socket }).socket.localPort === boundPort;
    if (connected) unsubscribe('net.server.socket', onConnection);
  };
  subscribe('net.server.socket', onConnection);

  // No request is read before this turn of the event loop ends, so all this may come after the port is bound.
  const { promise: called, resolve: onCall } = Promise.withResolvers<void>();
  const dispatcher = new Dispatcher({ logger, project, onEarlyCall: onCall });
  for (const service of services) {
    const definition = rawDefinition(service);
    server.addService(definition, dispatcher.implementation(definition));
  }
  const serviceNames = services.map(({ typeName }) => typeName);
  const health = new HealthImplementation();
  const setHealth = (status: 'SERVING' | 'NOT_SERVING') => {
    for (const service of ['', ...serviceNames]) health.setStatus(service, status);
  };
  health.addToServer(observed(server, onCall));
  setHealth('SERVING');
  if (reflection) addReflection(server);

  return {
    port: boundPort,
    serviceNames,
    connected: () => connected,
    called,
    serve: (routes) => dispatcher.serve(routes),
    drain: async (graceMs) => {
      unsubscribe('net.server.socket', onConnection);
      setHealth('NOT_SERVING');
      const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      await dispatcher.drain(graceMs);
      // A health watch may stay open for ever.
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, flushMs).unref())]);
      server.forceShutdown();
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(new Error(`cannot listen on ${address} (HOST and PORT)`, { cause: error }));
    });
  });
}

/** A definition whose messages stay bytes. */
function rawDefinition({ methods }: GrpcService): ServiceDefinition {
  const raw = (bytes: Buffer) => bytes;
  return Object.fromEntries(
    methods.map(({ name, path, requestStream, responseStream }) => [
      name,
      {
        path,
        requestStream,
        responseStream,
        requestSerialize: raw,
        requestDeserialize: raw,
        responseSerialize: raw,
        responseDeserialize: raw,
      },
    ]),
  );
}

/** What the health service adds itself to, so that its calls are noticed. */
function observed(server: Server, onCall: () => void): Server {
  const addService = (definition: ServiceDefinition, { check, ...others }: UntypedServiceImplementation) => {
    const observedCheck: handleUnaryCall<unknown, unknown> = (call, answer) => {
      // grpc-js emits it after every call; the answer's frames leave in the next turns of the event loop.
      const calls: EventEmitter = call;
      calls.on('cancelled', () => setTimeout(onCall, flushAnswerMs));
      (check as handleUnaryCall<unknown, unknown>)(call, answer);
    };
    server.addService(definition, { ...others, check: observedCheck });
  };
  return { addService } as Pick<Server, 'addService'> as Server;
}
