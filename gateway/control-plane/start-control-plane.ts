import { type Metadata, Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { serviceDefinition } from '../../services/platform/contracts/definitions.ts';
import { PreviewService } from '../../services/platform/contracts/gen/types/kumiko/platform/controlplane/v1/previews_pb.js';
import type { OnRefused, OnWithheld } from './client-stream.ts';
import { discoveryService } from './discovery-protocol.ts';
import { DiscoveryServer } from './discovery-server.ts';
import { previewService } from './preview-service.ts';
import type { PreviewStore } from './preview-store.ts';

interface ControlPlaneOptions {
  readonly store: PreviewStore;
  /** Which workload of ours calls; undefined: nobody that may. */
  readonly identify: (metadata: Metadata) => string | undefined;
  readonly onRefused: OnRefused;
  readonly onWithheld: OnWithheld;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** A control plane that listens. */
export interface ControlPlane {
  readonly port: number;
  readonly discovery: DiscoveryServer;
  /** Cuts the streams: who was connected comes again, and keeps what it has. */
  close(): void;
}

// Cloud Run's front and Envoy both keep connections open; one whose other end is gone is noticed.
const channelOptions = { 'grpc.keepalive_time_ms': 30_000, 'grpc.keepalive_timeout_ms': 10_000 };

/** Serves what a store has, to gateways by Envoy's protocol and to services by ours, plaintext: Cloud Run's front is before it. */
export async function startControlPlane({
  store,
  identify,
  onRefused,
  onWithheld,
  host,
  port,
}: ControlPlaneOptions): Promise<ControlPlane> {
  const discovery = new DiscoveryServer({ store, identify, onRefused, onWithheld });
  const grpc = new Server(channelOptions);
  grpc.addService(discoveryService().definition, discovery.handlers as unknown as UntypedServiceImplementation);
  grpc.addService(serviceDefinition(PreviewService) as ServiceDefinition, previewService({ store, identify, onWithheld }));
  new HealthImplementation({ '': 'SERVING' }).addToServer(grpc);
  const bound = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, at) => (error === null ? resolve(at) : reject(error)));
  });
  return { port: bound, discovery, close: () => grpc.forceShutdown() };
}
