import type { protos } from '@google-cloud/run';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { unimplemented } from '../google-api/api-error.ts';
import { unary } from '../google-api/grpc-server.ts';
import { pageOf } from '../google-api/page.ts';
import { type SecondsAndNanos, toMs } from '../google-api/protobuf-time.ts';
import type { Operations } from './operations.ts';
import { checkedParent } from './resources.ts';

type Requests = typeof protos.google.longrunning;

/** The methods of google.longrunning.Operations that the local server has; the others answer UNIMPLEMENTED. */
export function operationsApi(operations: Operations): UntypedServiceImplementation {
  return {
    GetOperation: unary(({ name }: InstanceType<Requests['GetOperationRequest']>) => operations.operation(name)),
    WaitOperation: unary(({ name, timeout }: { name: string; timeout: SecondsAndNanos | null }, gone) =>
      operations.wait(name, timeout === null ? undefined : toMs(timeout), gone),
    ),
    ListOperations: unary(({ name, filter, ...page }: InstanceType<Requests['ListOperationsRequest']>) => {
      if (filter) throw unimplemented('filters of operations');
      const own = operations.operations(checkedParent('ListOperationsRequest.name', name));
      const { items, nextPageToken } = pageOf(own, (operation) => operation.name, page);
      return { operations: items, nextPageToken };
    }),
  };
}
