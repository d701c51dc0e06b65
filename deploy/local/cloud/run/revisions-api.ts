import type { protos } from '@google-cloud/run';
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { unimplemented } from '../google-api/api-error.ts';
import { unary } from '../google-api/grpc-server.ts';
import { pageOf } from '../google-api/page.ts';
import { newestFirst } from './newest-first.ts';
import type { RunServices } from './run-services.ts';

type Requests = typeof protos.google.cloud.run.v2;

/** google.cloud.run.v2.Revisions. */
export function revisionsApi(services: RunServices): UntypedServiceImplementation {
  return {
    GetRevision: unary(({ name }: InstanceType<Requests['GetRevisionRequest']>) => services.revision(name).message),
    ListRevisions: unary(({ parent, showDeleted, ...page }: InstanceType<Requests['ListRevisionsRequest']>) => {
      if (showDeleted) throw unimplemented('show_deleted');
      const { items, nextPageToken } = pageOf(services.revisions(parent), newestFirst, page);
      return { revisions: items.map(({ message }) => message), nextPageToken };
    }),
    DeleteRevision: unary(({ name, etag, validateOnly }: InstanceType<Requests['DeleteRevisionRequest']>) =>
      services.deleteRevision(name, etag, validateOnly),
    ),
  };
}
