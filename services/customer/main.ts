import { bind, runService } from '../chassis/run-service.ts';
import { config } from './config.ts';

runService({
  name: 'customer',
  config,
  async start({ config }) {
    const [
      { CustomerService },
      { CustomerInternalService },
      { createHistory, inboxTable, requestsTable },
      { openSchema },
      { customerService },
      { customerInternalService },
      { CustomerStore },
      { Settlement },
      { YamapayClient },
    ] = await Promise.all([
      import('../contracts/gen/types/kumiko/customer/v1/customer_pb.js'),
      import('../contracts/gen/types/kumiko/customer/v1/internal_pb.js'),
      import('../cloud/history.ts'),
      import('../cloud/open-schema.ts'),
      import('./service.ts'),
      import('./internal-service.ts'),
      import('./store.ts'),
      import('./settlement.ts'),
      import('./yamapay-client.ts'),
    ]);
    const now = () => new Date();
    const { database, outbox, close } = openSchema('customer', config, now);
    const history = createHistory({ schema: 'customer', tables: [inboxTable, requestsTable], database, now });
    const store = new CustomerStore({ database, outbox, now });
    const provider = new YamapayClient({
      name: config.PAYMENT_PROVIDER,
      url: config.PAYMENT_PROVIDER_URL,
      key: config.PAYMENT_PROVIDER_KEY,
    });
    const settlement = new Settlement({ store, provider, now });
    return {
      bindings: [
        bind(CustomerService, customerService({ store, outbox, settlement, provider: provider.name, now })),
        bind(CustomerInternalService, customerInternalService({ store, outbox, history, settlement, now })),
      ],
      close,
    };
  },
});
