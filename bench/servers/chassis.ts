/** A service with the whole chassis whose one handler costs nothing. */

import { bind } from '../../services/chassis/bind.ts';
import { runService } from '../../services/chassis/run-service.ts';
import { stub } from '../../services/chassis/tests/test-service.ts';
import { CustomerService } from '../../services/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { CustomerInternalService } from '../../services/contracts/gen/types/kumiko/customer/v1/internal_pb.js';
import { order } from './order.ts';

runService({
  name: 'customer',
  config: {},
  start: async () => ({
    bindings: [
      bind(CustomerService, stub(CustomerService, { getOrder: async ({ name }) => ({ ...order, name }) })),
      bind(CustomerInternalService, stub(CustomerInternalService, {})),
    ],
  }),
});
