// A service in a process of its own: `process.test.ts` starts it. It says on stdout what happens to it.
import { setTimeout as wait } from 'node:timers/promises';
import { secret } from '../chassis/process/config.ts';
import { bind, runService } from '../chassis/process/run-service.ts';
import { CustomerAdminService } from '../contracts/gen/types/kumiko/customer/v1/admin_pb.js';
import { CustomerService } from '../contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { CustomerInternalService } from '../contracts/gen/types/kumiko/customer/v1/internal_pb.js';
import { MaintenanceService } from '../contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { stub } from './test-service.ts';

const say = (message: string) => process.stdout.write(`${JSON.stringify({ message })}\n`);

runService({
  name: 'customer',
  manifest: { variables: { FIXTURE_KEY: { type: secret, local: () => 'hush', production: () => 'hush' } } },
  start: async ({ config, logger }) => {
    if (config.FIXTURE_KEY.reveal() === 'fail') throw new Error('the fixture does not want to');
    logger.info({ config }, 'configured');
    // As Google's Spanner client does.
    process.on('SIGTERM', () => say('another listener'));
    const customer = stub(CustomerService, {
      getDeal: async ({ name }) => {
        say('called');
        await wait(name === 'deals/slow' ? 1_000 : 0);
        return { name };
      },
      watchGroup: async function* (_, { signal }) {
        yield { resumeToken: '1' };
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        say('stream ended');
      },
    });
    return {
      bindings: [
        bind(CustomerService, customer),
        bind(CustomerInternalService, stub(CustomerInternalService, {})),
        bind(CustomerAdminService, stub(CustomerAdminService, {})),
        bind(MaintenanceService, stub(MaintenanceService, {})),
      ],
      close: async () => void say('closed'),
    };
  },
});
