import { expect, test } from 'vitest';
import { previewCluster, previewClusterName } from '../bootstrap/previews.ts';
import { readMessage } from '../bootstrap/validation/read-message.ts';
import { clusterBytes } from './cluster-bytes.ts';
import { encodeMessage } from './encode-message.ts';
import { PreviewFault } from './preview-fault.ts';

const secure = { trustedCaFile: '/etc/ssl/certs/ca-certificates.crt' };
const hosts = [
  'pr-1---partner-123-an.a.run.app',
  'pr-12---partner-123-an.a.run.app',
  'pr-2---partner-456-an.a.run.app',
  '127.0.0.1:8080',
  'a',
  'h2',
  'aaaa',
  'bb',
];

test('the bytes are those of the cluster by itself, whichever were made before', () => {
  for (const scheme of ['https', 'http']) {
    for (const service of ['partner', 'aaaa', 'pr']) {
      for (const host of hosts) {
        for (const tag of ['pr-1', 'pr-9', 'aaaa', 'b']) {
          const preview = { service, tag, url: `${scheme}://${host}` };
          const cluster = previewCluster(preview, secure);
          const { messages } = readMessage('envoy.config.cluster.v3.Cluster', cluster);
          const bytes = clusterBytes(cluster, [previewClusterName(preview), new URL(preview.url).hostname]);
          expect(bytes.equals(encodeMessage(messages[0]!)), `${service}@${tag} at ${preview.url}`).toBe(true);
        }
      }
    }
  }
});

test('a cluster that breaks a rule of Envoy’s API is refused, each time', () => {
  const broken = { ...previewCluster({ service: 'a', tag: 'b', url: 'https://c' }, secure), connect_timeout: 'soon' };
  for (const _ of [1, 2]) expect(() => clusterBytes(broken, ['a@b'])).toThrow(PreviewFault);
});
