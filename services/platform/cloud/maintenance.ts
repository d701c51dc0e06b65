import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { type Binding, bind } from '../chassis/server/bind.ts';
import type { Handlers } from '../chassis/server/call.ts';
import { MaintenanceService } from '../contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { parseTraceparent } from '../contracts/traceparent.ts';
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
    async getBacklog() {
      const [waiting, kept] = await Promise.all([outbox?.backlog(), history.depths()]);
      const depths = kept.map(({ table, rows, oldestSeconds }) => ({ table, rows, oldestAge: duration(oldestSeconds) }));
      if (waiting === undefined) return { tables: depths };
      const { rows, lagSeconds } = waiting;
      return { tables: [{ table: 'outbox', rows, oldestAge: duration(rows === 0 ? undefined : lagSeconds) }, ...depths] };
    },
    async findWaitingEvents({ aggregates }) {
      const rows = (await outbox?.waiting(aggregates)) ?? [];
      return {
        events: rows.map(({ id, aggregate, version, attributes }) => ({
          event: id,
          kind: attributes['event_type'] ?? '',
          aggregate,
          version,
          trace: parseTraceparent(attributes['traceparent'])?.traceId ?? '',
        })),
      };
    },
    async pruneHistory({ limit }) {
      return { deleted: await history.prune(limit) };
    },
  };
}

/** A span in milliseconds; unset where there is none. */
function duration(seconds: number | undefined) {
  return seconds === undefined ? undefined : durationFromMs(Math.round(seconds * 1_000));
}

/** The platform's own service of a service with a database: every such service binds it beside its own. */
export function maintenance(maintained: Maintained): Binding {
  return bind(MaintenanceService, maintenanceHandlers(maintained));
}
