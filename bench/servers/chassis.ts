import { MaintenanceService } from '../../services/platform/contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
/** A service with the whole chassis whose one handler costs nothing. */

import { runService } from '../../services/platform/chassis/process/run-service.ts';
import { bind } from '../../services/platform/chassis/server/bind.ts';
import { CustomerAdminService } from '../../services/platform/contracts/gen/types/kumiko/customer/v1/admin_pb.js';
import { CustomerService } from '../../services/platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { CustomerInternalService } from '../../services/platform/contracts/gen/types/kumiko/customer/v1/internal_pb.js';
import { stub } from '../../services/platform/testing/test-service.ts';
import { order } from './order.ts';

runService({
  name: 'customer',
  manifest: { variables: {} },
  start: async () => ({
    bindings: [
      bind(CustomerService, stub(CustomerService, { getOrder: async ({ name }) => ({ ...order, name }) })),
      bind(CustomerInternalService, stub(CustomerInternalService, {})),
      bind(CustomerAdminService, stub(CustomerAdminService, {})),
      bind(MaintenanceService, stub(MaintenanceService, {})),
    ],
  }),
});
