import { createHash } from 'node:crypto';
import type { ClusterEnvironment } from '../bootstrap/clusters.ts';
import type { JsonObject } from '../bootstrap/json.ts';
import { type Preview, previewCluster, previewClusterName } from '../bootstrap/previews.ts';
import { readMessage } from '../bootstrap/validation/read-message.ts';
import { encodeMessage } from './encode-message.ts';

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

/** A preview whose cluster no Envoy is to see. */
export class PreviewFault extends Error {
  override readonly name = 'PreviewFault';
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
  const { name, load_assignment, transport_socket, ...shared } = previewCluster({ ...preview, url: origin.origin }, environment);
  // Of a field that stands twice the last counts: what is the same in all clusters is read and written once, under another name.
  const own = encoded({ name, load_assignment, ...(transport_socket !== undefined && { transport_socket }) });
  const body = Buffer.concat([encodedOnce(JSON.stringify({ name: 'any', ...shared })), own]);
  const version = createHash('sha256').update(body).digest('hex').slice(0, 16);
  return { name: previewClusterName(preview), version, body, preview };
}

const once = new Map<string, Buffer>();

function encodedOnce(json: string): Buffer {
  const known = once.get(json);
  if (known !== undefined) return known;
  const bytes = encoded(JSON.parse(json));
  once.set(json, bytes);
  return bytes;
}

/** Some fields of a cluster. @throws {PreviewFault} */
function encoded(fields: JsonObject): Buffer {
  const { messages, faults } = readMessage('envoy.config.cluster.v3.Cluster', fields);
  const [first] = faults;
  if (first !== undefined) throw new PreviewFault(`${first.path}: ${first.message}`);
  return encodeMessage(messages[0]!);
}
