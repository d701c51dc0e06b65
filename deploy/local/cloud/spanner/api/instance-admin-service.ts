import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Catalog, InstanceRecord } from '../ddl/catalog.ts';
import type { Transactions } from '../transactions/transactions.ts';
import { unary } from './grpc-handlers.ts';
import type { Operations } from './operations.ts';
import { checkedInstanceId, instanceName } from './resource-names.ts';
import type { google } from './spanner-api.ts';

type InstanceRequest = { readonly name?: string | null };

/** google.spanner.admin.instance.v1.InstanceAdmin. Methods that are missing here answer UNIMPLEMENTED. */
export function createInstanceAdminService(
  catalog: Catalog,
  transactions: Transactions,
  operations: Operations,
): UntypedServiceImplementation {
  return {
    ListInstanceConfigs: unary((request: google.spanner.admin.instance.v1.IListInstanceConfigsRequest) => ({
      instanceConfigs: [{ name: `${request.parent}/instanceConfigs/local`, displayName: 'local Spanner' }],
    })),
    GetInstanceConfig: unary((request: InstanceRequest) => ({ name: request.name, displayName: 'local Spanner' })),
    ListInstances: unary((request: google.spanner.admin.instance.v1.IListInstancesRequest) => ({
      instances: catalog
        .instances()
        .filter(({ name }) => name.startsWith(`${request.parent}/`))
        .map(toInstance),
    })),
    GetInstance: unary((request: InstanceRequest) => toInstance(catalog.instance(instanceName(request.name)))),
    CreateInstance: unary((request: google.spanner.admin.instance.v1.ICreateInstanceRequest, signal) => {
      const name = instanceName(`${request.parent}/instances/${checkedInstanceId(request.instanceId ?? '')}`);
      const { config, displayName, nodeCount } = request.instance ?? {};
      const record = { name, config: config ?? '', displayName: displayName ?? '', nodeCount: nodeCount || 1 };
      const metadata = {
        '@type': 'type.googleapis.com/google.spanner.admin.instance.v1.CreateInstanceMetadata',
        instance: toInstance(record),
      };
      return transactions.exclusively(signal, () => {
        catalog.createInstance(record);
        return operations.run(name, '', metadata, () => ({
          '@type': 'type.googleapis.com/google.spanner.admin.instance.v1.Instance',
          ...toInstance(record),
        }));
      });
    }),
    DeleteInstance: unary((request: InstanceRequest, signal) =>
      transactions.exclusively(signal, () => {
        catalog.deleteInstance(instanceName(request.name));
        return {};
      }),
    ),
  };
}

function toInstance(record: InstanceRecord) {
  return { ...record, state: 'READY', processingUnits: record.nodeCount * 1000 };
}
