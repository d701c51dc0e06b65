import { type Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { serviceDefinition } from '../../services/platform/contracts/definitions.ts';
import { PreviewService } from '../../services/platform/contracts/gen/types/kumiko/platform/controlplane/v1/previews_pb.js';
import type { OnRefused, OnWithheld } from './client-stream.ts';
import { discoveryService } from './discovery-protocol.ts';
import { DiscoveryServer } from './discovery-server.ts';
import { previewService } from './preview-service.ts';
import type { PreviewStore } from './preview-store.ts';
import { type StatusSources, statusOf } from './status.ts';

interface ControlPlaneOptions {
  readonly store: PreviewStore;
  /** Which workload of ours calls; undefined: nobody that may. */
  readonly identify: (metadata: Metadata) => string | undefined;
  readonly onRefused: OnRefused;
  readonly onWithheld: OnWithheld;
  /** Whether an operator calls, who is told how it stands. */
  readonly isOperator: (metadata: Metadata) => boolean;
  readonly watch: StatusSources['watch'];
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

/** Serves what a store has, to gateways by Envoy's protocol, to services and operators by ours, plaintext: Cloud Run's front is before it. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { store, identify, onRefused, onWithheld, isOperator, watch, host, port } = options;
  const discovery = new DiscoveryServer({ store, identify, onRefused, onWithheld });
  const grpc = new Server(channelOptions);
  grpc.addService(discoveryService().definition, { ...discovery.handlers });
  grpc.addService(
    serviceDefinition(PreviewService),
    previewService({ store, identify, onWithheld, isOperator, status: () => statusOf({ store, server: discovery, watch }) }),
  );
  new HealthImplementation({ '': 'SERVING' }).addToServer(grpc);
  const bound = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, at) => (error === null ? resolve(at) : reject(error)));
  });
  return { port: bound, discovery, close: () => grpc.forceShutdown() };
}
