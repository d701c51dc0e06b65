import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { discoveryService } from './discovery-protocol.ts';
import type { DiscoveryServer } from './discovery-server.ts';

/** A gRPC server that listens. */
export interface Listening {
  readonly port: number;
  /** Cuts the streams: who was connected comes again, and keeps what it has. */
  close(): void;
}

/** Serves discovery on `address`, plaintext: Cloud Run's front is before it. */
export async function startDiscovery(server: DiscoveryServer, host: string, port: number): Promise<Listening> {
  const grpc = new Server({ 'grpc.keepalive_time_ms': 30_000, 'grpc.keepalive_timeout_ms': 10_000 });
  grpc.addService(discoveryService().definition, server.handlers as unknown as UntypedServiceImplementation);
  const bound = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, at) => (error === null ? resolve(at) : reject(error)));
  });
  return { port: bound, close: () => grpc.forceShutdown() };
}
