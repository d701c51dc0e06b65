import type { Clock, LocalServer } from '../../shared/local-server.ts';
import { loadServices, serveGrpc } from '../google-api/grpc-server.ts';
import type { AuditEntry } from './audit-log.ts';
import { operationsApi } from './operations-api.ts';
import type { Service } from './resources.ts';
import { revisionsApi } from './revisions-api.ts';
import { RunServices } from './run-services.ts';
import { openServiceStore } from './service-store.ts';
import { servicesApi } from './services-api.ts';

/** Options of the local Cloud Run Admin API. */
interface RunOptions {
  /** 0 binds a free port. */
  readonly port: number;
  /** State is kept in `<stateDir>/run.sqlite`. */
  readonly stateDir: string;
  readonly clock: Clock;
  /** How long a change takes until traffic has moved, on this clock. Default 0: its operation is answered first. */
  readonly reconcileMs?: number;
  /** Gets what a sink of Cloud Logging would send of the log of admin activity. Default: nobody does. */
  readonly onChange?: (entry: AuditEntry) => void;
}

/** A running local Cloud Run Admin API. */
export interface RunServer extends LocalServer {
  /** Services and revisions, without gRPC in between. */
  readonly services: RunServices;
}

/**
 * Cloud Run's Admin API on this machine: google.cloud.run.v2 Services and Revisions and their operations for the unmodified client, over plaintext gRPC.
 * It runs nothing: whoever does says where with an annotation, see `uriAnnotation`.
 *
 * @throws where the port is taken or the state cannot be opened.
 */
export async function startRun({ port, stateDir, clock, reconcileMs = 0, onChange = () => {} }: RunOptions): Promise<RunServer> {
  const store = openServiceStore(stateDir);
  const service = loadServices('@google-cloud/run');
  const servicesDefinition = service('google.cloud.run.v2.Services');
  const { GetService: getService } = servicesDefinition;
  if (getService === undefined) throw new Error('google.cloud.run.v2.Services has no method GetService');
  const { responseSerialize, responseDeserialize } = getService;
  const whole = (message: Service): Service => responseDeserialize(responseSerialize(message));
  const services = new RunServices({ clock, store, reconcileMs, whole, onChange });
  const close = () => {
    services.close();
    store.close();
  };
  try {
    const server = await serveGrpc(port, [
      [servicesDefinition, servicesApi(services)],
      [service('google.cloud.run.v2.Revisions'), revisionsApi(services)],
      [service('google.longrunning.Operations'), operationsApi(services.operations)],
    ]);
    return {
      port: server.port,
      services,
      close: async () => {
        server.close();
        close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}
