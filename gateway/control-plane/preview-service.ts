import { create } from '@bufbuild/protobuf';
import { type handleUnaryCall, type Metadata, type ServerWritableStream, status } from '@grpc/grpc-js';
import type {
  ControlPlaneStatus,
  GetStatusRequest,
  WatchPreviewsRequest,
  WatchPreviewsResponse,
} from '../../services/platform/contracts/gen/types/kumiko/platform/controlplane/v1/previews_pb.js';
import { WatchPreviewsResponseSchema } from '../../services/platform/contracts/gen/types/kumiko/platform/controlplane/v1/previews_pb.js';
import { previewClusterName } from '../bootstrap/previews.ts';
import { ArrivalGuard, heldByName } from './arrival-guard.ts';
import type { DiscoveryServerOptions } from './discovery-server.ts';
import type { PreviewStore } from './preview-store.ts';

type Stream = ServerWritableStream<WatchPreviewsRequest, WatchPreviewsResponse>;

type GetStatus = handleUnaryCall<GetStatusRequest, ControlPlaneStatus>;

/** What the handlers need. */
interface PreviewServiceOptions extends Pick<DiscoveryServerOptions, 'store' | 'identify' | 'onWithheld'> {
  /** Whether an operator calls. */
  readonly isOperator: (metadata: Metadata) => boolean;
  readonly status: () => ControlPlaneStatus;
}

/** The handlers of kumiko.platform.controlplane.v1.PreviewService. */
export function previewService({ store, identify, onWithheld, isOperator, status: statusNow }: PreviewServiceOptions) {
  const GetStatus: GetStatus = ({ metadata }, answer) => {
    if (isOperator(metadata)) answer(null, statusNow());
    else
      answer({
        code: status.PERMISSION_DENIED,
        details: 'only operators are told how it stands, by a token that the platform has checked',
      });
  };
  return {
    GetStatus,
    WatchPreviews: (stream: Stream) => {
      const workload = identify(stream.metadata);
      if (workload === undefined) {
        stream.emit('error', { code: status.UNAUTHENTICATED, details: 'the request did not come through the platform' });
        return;
      }
      const services = new Set(stream.request.services);
      const guard = new ArrivalGuard(store, heldByName(stream.request.known.map(previewClusterName), store));
      let withheld: string | undefined;
      const mayTell = () => {
        const why = guard.judge();
        if (why !== undefined && withheld === undefined) onWithheld(why, { workload, node: '' });
        withheld = why;
        return why === undefined;
      };
      // A client that does not read has one list on its way, and then the newest: the stream itself would let sixteen pile up.
      let writing = false;
      let changed = false;
      let told = false;
      const tell = () => {
        changed = writing;
        if (writing || !store.isKnown || !mayTell()) return;
        writing = true;
        told = true;
        stream.write(create(WatchPreviewsResponseSchema, { previews: previewsOf(store, services) }), () => {
          writing = false;
          if (changed && !stream.cancelled) tell();
        });
      };
      const end = store.onChange((names) => {
        if (!told || names.some((name) => services.has(name.slice(0, name.indexOf('@'))))) tell();
      });
      stream.on('cancelled', end);
      tell();
    },
  };
}

function previewsOf(store: PreviewStore, services: ReadonlySet<string>) {
  return [...store.served.values()].flatMap(({ preview: { service, tag, url } }) => (services.has(service) ? [{ service, tag, url }] : []));
}
