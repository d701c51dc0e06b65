import type { protos } from '@google-cloud/run';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { unimplemented } from '../google-api/api-error.ts';
import { unary } from '../google-api/grpc-server.ts';
import { pageOf } from '../google-api/page.ts';
import { newestFirst } from './newest-first.ts';
import { violation } from './resources.ts';
import type { RunServices } from './run-services.ts';

type Requests = typeof protos.google.cloud.run.v2;

/** The methods of google.cloud.run.v2.Services that the local server has; the others answer UNIMPLEMENTED. */
export function servicesApi(services: RunServices): UntypedServiceImplementation {
  return {
    CreateService: unary(({ parent, service, serviceId, validateOnly }: InstanceType<Requests['CreateServiceRequest']>) => {
      if (!service) throw violation('CreateServiceRequest.service', 'required field not present');
      return services.create(parent, serviceId, service, validateOnly);
    }),
    GetService: unary(({ name }: InstanceType<Requests['GetServiceRequest']>) => services.service(name).message),
    ListServices: unary(({ parent, showDeleted, ...page }: InstanceType<Requests['ListServicesRequest']>) => {
      if (showDeleted) throw unimplemented('show_deleted');
      const { items, nextPageToken } = pageOf(services.services(parent), newestFirst, page);
      return { services: items.map(({ message }) => message), nextPageToken };
    }),
    UpdateService: unary(({ service, updateMask, allowMissing, validateOnly }: InstanceType<Requests['UpdateServiceRequest']>) => {
      if (!service) throw violation('UpdateServiceRequest.service', 'required field not present');
      return services.update(service, { paths: updateMask?.paths ?? [], allowMissing, validateOnly });
    }),
    DeleteService: unary(({ name, etag, validateOnly }: InstanceType<Requests['DeleteServiceRequest']>) =>
      services.delete(name, etag, validateOnly),
    ),
  };
}
