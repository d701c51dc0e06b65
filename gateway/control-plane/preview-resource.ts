import { createHash } from 'node:crypto';
import type { ClusterEnvironment } from '../bootstrap/clusters.ts';
import { type Preview, previewCluster, previewClusterName } from '../bootstrap/previews.ts';
import { clusterBytes } from './cluster-bytes.ts';
import { PreviewFault } from './preview-fault.ts';

/** The type of all that the control plane tells. */
export const clusterType = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';

/** A preview as it was found. */
export interface FoundPreview extends Preview {
  /** The revision that the tag stands for, such as "partner-00042-abc"; to be named where it is at fault. */
  readonly revision: string;
}

/** The cluster of a preview as it is sent. */
export interface PreviewResource {
  readonly name: string;
  /** A hash of its content, so that a change of whatever kind is a new version, and none is not. */
  readonly version: string;
  readonly body: Buffer;
  readonly preview: FoundPreview;
}

const tagPattern = /^[a-z][a-z0-9-]{0,45}$/;

/**
 * Makes the cluster, by the function that compiles the bootstrap, and holds it against the rules of Envoy's API.
 *
 * @throws {PreviewFault} with what is wrong.
 */
export function previewResource(preview: FoundPreview, environment: ClusterEnvironment): PreviewResource {
  const { tag, url } = preview;
  if (!tagPattern.test(tag)) throw new PreviewFault(`its tag "${tag}" is none that a token can ask for`);
  const origin = URL.parse(url);
  if (origin === null || !/^https?:$/.test(origin.protocol)) throw new PreviewFault(`its URL "${url}" is none`);
  const name = previewClusterName(preview);
  const body = clusterBytes(previewCluster({ ...preview, url: origin.origin }, environment), [name, origin.hostname]);
  const version = createHash('sha256').update(body).digest('hex').slice(0, 16);
  return { name, version, body, preview };
}
