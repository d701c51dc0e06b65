import { bind, runService } from '../chassis/run-service.ts';
import { config } from './config.ts';

runService({
  name: 'job',
  config,
  async start({ config }) {
    const [
      { JobService },
      { openDatabase },
      { createIdTokens },
      { createTaskQueue },
      { connectOwners },
      { jobService },
      { InventoryClient },
      { InventorySync },
      { JobStore },
    ] = await Promise.all([
      import('../contracts/gen/types/kumiko/job/v1/job_pb.js'),
      import('../cloud/spanner-database.ts'),
      import('../cloud/identity.ts'),
      import('../cloud/task-queue.ts'),
      import('./owners.ts'),
      import('./service.ts'),
      import('./inventory-client.ts'),
      import('./inventory-sync.ts'),
      import('./store.ts'),
    ]);
    const now = () => new Date();
    const project = config.GOOGLE_CLOUD_PROJECT;
    const database = openDatabase({ project, instance: config.SPANNER_INSTANCE, database: config.SPANNER_DATABASE });
    const owners = connectOwners(config, createIdTokens());
    const tasks = createTaskQueue({
      project,
      location: config.TASKS_LOCATION,
      jobsGatewayUrl: config.JOBS_GATEWAY_URL,
      endpoint: config.CLOUD_TASKS_ENDPOINT,
    });
    const inventorySync = new InventorySync({
      inventory: new InventoryClient({ url: config.INVENTORY_URL, key: config.INVENTORY_KEY }),
      partner: owners.partner,
      store: new JobStore({ database, now }),
    });
    return {
      bindings: [bind(JobService, jobService({ owners, tasks, inventorySync }))],
      async close() {
        await tasks.close();
        for (const client of Object.values(owners)) client.close();
        await database.close();
      },
    };
  },
});
