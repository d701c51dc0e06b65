import { businessNow } from '../platform/chassis/process/business-time.ts';
import type { StartContext, Started } from '../platform/chassis/process/start-service.ts';
import { bind } from '../platform/chassis/server/bind.ts';
import { createDeadLetters } from '../platform/cloud/events/dead-letters.ts';
import { createEventPublisher } from '../platform/cloud/events/event-publisher.ts';
import { openSchema } from '../platform/cloud/spanner/open-schema.ts';
import { createTaskQueue } from '../platform/cloud/tasks/task-queue.ts';
import { EventSchema } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { JobAdminService, OperationsService } from '../platform/contracts/gen/types/kumiko/job/v1/admin_pb.js';
import { JobService } from '../platform/contracts/gen/types/kumiko/job/v1/job_pb.js';
import { jobAdminService } from './admin-service.ts';
import { InventoryClient } from './inventory-client.ts';
import { InventorySync } from './inventory-sync.ts';
import type { manifest } from './manifest.ts';
import { operationsService } from './operations-service.ts';
import { connectOwners } from './owners.ts';
import { createRunAlone } from './schedules.ts';
import { jobService } from './service.ts';
import { JobStore, keptTables } from './store/store.ts';

/** Wires the service. */
export function compose({ config, logger }: StartContext<typeof manifest>): Started {
  const now = businessNow;
  const project = config.GOOGLE_CLOUD_PROJECT;
  const { database, maintenance, close } = openSchema({ schema: 'job', config, now, keptTables });
  const owners = connectOwners(config, logger);
  const tasks = createTaskQueue({
    project,
    location: config.TASKS_LOCATION,
    jobsGatewayUrl: config.JOBS_GATEWAY_URL,
    endpoint: config.CLOUD_TASKS_ENDPOINT,
    now,
  });
  const store = new JobStore({ database, now });
  const inventorySync = new InventorySync({
    inventory: new InventoryClient({ url: config.INVENTORY_URL, key: config.INVENTORY_KEY }),
    partner: owners.partner,
    store,
  });
  const publisher = createEventPublisher({ project });
  const deadLetters = createDeadLetters({ project, subscriber: 'job', eventType: EventSchema, publisher });
  return {
    bindings: [
      bind(JobService, jobService({ owners, tasks, inventorySync, runAlone: createRunAlone(store) })),
      bind(JobAdminService, jobAdminService({ deadLetters })),
      bind(OperationsService, operationsService({ owners, tasks, deadLetters })),
      maintenance,
    ],
    async close() {
      await Promise.all([tasks.close(), deadLetters.close()]);
      await publisher.close();
      owners.close();
      await close();
    },
  };
}
