import type { ClusterEnvironment } from '../../bootstrap/clusters.ts';
import type { Preview } from '../../bootstrap/previews.ts';
import type { DiscoveryServer } from '../discovery-server.ts';
import { previewResource } from '../preview-resource.ts';
import { PreviewStore } from '../preview-store.ts';
import { startTestControlPlane } from './test-control-plane.ts';

/** The control plane's server with previews that a test tells, in the place of those that Cloud Run has. Everybody may ask. */
export interface ToldPreviews {
  /** For `previews.controlPlane` of a gateway's environment. */
  readonly url: string;
  readonly store: PreviewStore;
  readonly server: DiscoveryServer;
  tell(previews: readonly Preview[], environment?: ClusterEnvironment): void;
  close(): void;
}

/** Starts it on a free port. */
export async function startToldPreviews(): Promise<ToldPreviews> {
  const store = new PreviewStore();
  store.publish([]);
  const { port, discovery, close } = await startTestControlPlane({
    store,
  });
  return {
    url: `http://127.0.0.1:${port}`,
    store,
    server: discovery,
    tell: (previews, environment = {}) =>
      store.publish(previews.map((preview) => previewResource({ ...preview, revision: `${preview.service}-00001` }, environment))),
    close,
  };
}
