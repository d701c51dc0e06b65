import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  type ClientStatusSchema,
  type ControlPlaneStatus,
  ControlPlaneStatusSchema,
} from '../../services/platform/contracts/gen/types/kumiko/platform/controlplane/v1/previews_pb.js';
import type { ClientState } from './client-stream.ts';
import type { DiscoveryServer } from './discovery-server.ts';
import type { PreviewStore } from './preview-store.ts';
import type { PreviewWatch } from './preview-watch.ts';

/** Where what is told comes from. */
export interface StatusSources {
  readonly store: PreviewStore;
  readonly server: Pick<DiscoveryServer, 'clients'>;
  readonly watch: Pick<PreviewWatch, 'state'>;
}

/** The whole state for operators. */
export function statusOf({ store, server, watch }: StatusSources): ControlPlaneStatus {
  const { listedAt, fault, faults } = watch.state;
  return create(ControlPlaneStatusSchema, {
    version: store.version,
    listing: {
      ...(listedAt !== undefined && { at: timestampFromMs(listedAt) }),
      ...(fault !== undefined && { fault }),
      faults: [...faults],
    },
    previews: [...store.served.values()]
      .sort((a, b) => a.name.localeCompare(b.name))
      .map(({ name, version, preview: { url, revision } }) => ({ name, version, url, revision })),
    refused: [...store.refusals].map(([name, { version, words, at }]) => {
      const served = store.served.get(name)?.version;
      return { name, version, words, at: timestampFromMs(at), ...(served !== undefined && { served }) };
    }),
    clients: server.clients.map(clientOf),
  });
}

function clientOf({ connectedAt, acceptedAt, owesSince, refused, ...client }: ClientState): MessageInitShape<typeof ClientStatusSchema> {
  return {
    ...client,
    connectedAt: timestampFromMs(connectedAt),
    ...(acceptedAt !== undefined && { acceptedAt: timestampFromMs(acceptedAt) }),
    ...(owesSince !== undefined && { owesSince: timestampFromMs(owesSince) }),
    ...(refused && { refused: { ...refused, previews: [...refused.previews], at: timestampFromMs(refused.at) } }),
  };
}
