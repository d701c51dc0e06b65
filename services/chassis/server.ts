import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Logger } from 'pino';
import { packageDefinition } from '../contracts/definitions.ts';
import type { Workload } from '../contracts/identities.ts';
import { Dispatcher, type Route } from './dispatcher.ts';

/** Where and what to serve. */
export interface ServerOptions {
  /** The services of the proto package `kumiko.<name>` are served. */
  readonly name: Workload;
  readonly host: string;
  /** 0 binds any free port. */
  readonly port: number;
  /** Serves grpc.reflection.v1 as well, to whoever reaches the port. */
  readonly reflection: boolean;
  readonly project: string;
  readonly logger: Logger;
}

/** A gRPC server that is bound before it knows its handlers: calls that come early wait for them. */
export interface BoundServer {
  readonly port: number;
  /** The gRPC names of the services that need handlers. */
  readonly serviceNames: readonly string[];
  /** Lets calls go to their handlers, by gRPC path. */
  serve(routes: ReadonlyMap<string, Route>): void;
  /** Turns NOT_SERVING, takes no new connection or call, ends streams with UNAVAILABLE, and after `graceMs` the other calls too. */
  drain(graceMs: number): Promise<void>;
}

/** For the last bytes of the answers, once every call has ended. */
const flushMs = 500;

/**
 * Binds the port, plaintext HTTP/2: Cloud Run ends TLS before it.
 *
 * @throws {Error} naming the address where it cannot be bound.
 */
export async function bindServer({ name, host, port, reflection, project, logger }: ServerOptions): Promise<BoundServer> {
  // channelz keeps books on every message for a debugger that is never attached.
  const server = new Server({ 'grpc.enable_channelz': 0 });
  const boundPort = await listen(server, host, port);

  // No request is read before this turn of the event loop ends, so all this may come after the port is bound.
  const dispatcher = new Dispatcher({ logger, project });
  const services = Object.entries(packageDefinition()).filter(
    ([typeName, type]) => typeName.startsWith(`kumiko.${name}.`) && !('format' in type),
  );
  for (const [, definition] of services as [string, ServiceDefinition][]) {
    server.addService(withRawMessages(definition), dispatcher.implementation(definition));
  }
  const serviceNames = services.map(([typeName]) => typeName);
  const health = new HealthImplementation();
  const setHealth = (status: 'SERVING' | 'NOT_SERVING') => {
    for (const service of ['', ...serviceNames]) health.setStatus(service, status);
  };
  health.addToServer(server);
  setHealth('SERVING');
  if (reflection) {
    const { ReflectionService } = await import('@grpc/reflection');
    new ReflectionService(packageDefinition()).addToServer(server);
  }

  return {
    port: boundPort,
    serviceNames,
    serve: (routes) => dispatcher.serve(routes),
    drain: async (graceMs) => {
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

function withRawMessages(definition: ServiceDefinition): ServiceDefinition {
  const raw = (bytes: Buffer) => bytes;
  return Object.fromEntries(
    Object.entries(definition).map(([name, method]) => [name, { ...method, requestDeserialize: raw, responseSerialize: raw }]),
  );
}
