import { bind, runService } from '../chassis/run-service.ts';
import { config } from './config.ts';

runService({
  name: 'job',
  config,
  async start({ config }) {
    const [
      { JobAdminService },
      { JobService },
      { createDeadLetters },
      { createEventPublisher },
      { createHistory },
      { openDatabase },
      { createIdTokens },
      { createTaskQueue },
      { connectOwners },
      { jobAdminService },
      { jobService },
      { InventoryClient },
      { InventorySync },
      { createRunAlone },
      { JobStore, keptTables },
    ] = await Promise.all([
      import('../contracts/gen/types/kumiko/job/v1/admin_pb.js'),
      import('../contracts/gen/types/kumiko/job/v1/job_pb.js'),
      import('../cloud/dead-letters.ts'),
      import('../cloud/event-publisher.ts'),
      import('../cloud/history.ts'),
      import('../cloud/spanner-database.ts'),
      import('../cloud/identity.ts'),
      import('../cloud/task-queue.ts'),
      import('./owners.ts'),
      import('./admin-service.ts'),
      import('./service.ts'),
      import('./inventory-client.ts'),
      import('./inventory-sync.ts'),
      import('./schedules.ts'),
      import('./store.ts'),
    ]);
    const now = () => new Date();
    const project = config.GOOGLE_CLOUD_PROJECT;
    const database = openDatabase({
      project,
      instance: config.SPANNER_INSTANCE,
      database: config.SPANNER_DATABASE,
      role: config.SPANNER_DATABASE_ROLE,
    });
    const owners = connectOwners(config, createIdTokens());
    const tasks = createTaskQueue({
      project,
      location: config.TASKS_LOCATION,
      jobsGatewayUrl: config.JOBS_GATEWAY_URL,
      endpoint: config.CLOUD_TASKS_ENDPOINT,
    });
    const store = new JobStore({ database, now });
    const inventorySync = new InventorySync({
      inventory: new InventoryClient({ url: config.INVENTORY_URL, key: config.INVENTORY_KEY }),
      partner: owners.partner,
      store,
    });
    const history = createHistory({ schema: 'job', tables: keptTables, database, now });
    const publisher = createEventPublisher({ project });
    const deadLetters = createDeadLetters({ project, publisher });
    return {
      bindings: [
        bind(JobService, jobService({ owners, tasks, inventorySync, history, runAlone: createRunAlone(store) })),
        bind(JobAdminService, jobAdminService({ deadLetters })),
      ],
      async close() {
        await Promise.all([tasks.close(), deadLetters.close()]);
        await publisher.close();
        for (const client of Object.values(owners)) client.close();
        await database.close();
      },
    };
  },
});
