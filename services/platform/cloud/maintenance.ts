import { type Binding, bind } from '../chassis/server/bind.ts';
import type { Handlers } from '../chassis/server/call.ts';
import { MaintenanceService } from '../contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import type { Outbox } from './events/outbox.ts';
import { relayOutbox } from './events/relay-outbox.ts';
import type { History } from './spanner/history.ts';

/** What kumiko.platform.v1.MaintenanceService works on. */
interface Maintained {
  /** Undefined in a service that publishes nothing. */
  readonly outbox: Outbox | undefined;
  readonly history: History;
}

/** The handlers of kumiko.platform.v1.MaintenanceService. */
export function maintenanceHandlers({ outbox, history }: Maintained): Handlers<typeof MaintenanceService> {
  return {
    async relayOutbox({ limit }, call) {
      return outbox === undefined ? {} : relayOutbox(outbox, limit, call);
    },
    async pruneHistory({ limit }) {
      return { deleted: await history.prune(limit) };
    },
  };
}

/** The platform's own service of a service with a database: every such service binds it beside its own. */
export function maintenance(maintained: Maintained): Binding {
  return bind(MaintenanceService, maintenanceHandlers(maintained));
}
