import { type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import { type DeltaRequest, type DeltaResponse, discoveryService } from '../gateway/control-plane/discovery-protocol.ts';
import { clusterType, type FoundPreview, type PreviewResource, previewResource } from '../gateway/control-plane/preview-resource.ts';
import { PreviewStore } from '../gateway/control-plane/preview-store.ts';
import { startTestControlPlane } from '../gateway/control-plane/testing/test-control-plane.ts';
import { machine } from './load/compare.ts';

export const question =
  'What does the control plane cost with 1,000 services of 20 previews each and 200 gateways? (targets: all of it within 1 s and 200 MB, one change within 20 ms and 10 kB, told to all within 2 s, stalled ones among them)';

const counts = { services: 1_000, tags: 20, clients: 200, stalled: 20 };
const environment = { trustedCaFile: '/etc/ssl/certs/ca-certificates.crt' };

function preview(service: number, tag: number, host = 'an'): FoundPreview {
  const name = `service${service}`;
  return { service: name, tag: `pr-${tag}`, url: `https://pr-${tag}---${name}-1234567890-${host}.a.run.app`, revision: `${name}-00001` };
}

/** One process has the control plane and all clients: the memory is of the store alone, taken before a client connects. */
export async function run(report: (line: string) => void): Promise<void> {
  report(machine());
  previewResource(preview(0, 0), environment);
  globalThis.gc?.();
  const heapBefore = process.memoryUsage().rss;
  const store = new PreviewStore();
  const startedAt = performance.now();
  const all: PreviewResource[] = [];
  for (let service = 0; service < counts.services; service++) {
    for (let tag = 0; tag < counts.tags; tag++) all.push(previewResource(preview(service, tag), environment));
  }
  store.publish(all);
  const builtMs = performance.now() - startedAt;
  const megabytes = (process.memoryUsage().rss - heapBefore) / 1e6;
  report(`${all.length} previews: ${Math.round(builtMs)} ms (target 1000), ${Math.round(megabytes)} MB (200)`);

  const server = await startTestControlPlane({
    store,
  });
  const { Client } = discoveryService();
  const clients = Array.from({ length: counts.clients }, (_, index) =>
    watcher(new Client(`127.0.0.1:${server.port}`, credentials.createInsecure()), index < counts.stalled),
  );
  await Promise.all(clients.map(({ first }) => first));

  const changedAt = performance.now();
  const changed = all.map((resource) => (resource === all[0] ? previewResource(preview(0, 0, 'ew'), environment) : resource));
  store.publish(changed);
  const madeMs = performance.now() - changedAt;
  const told = await Promise.all(clients.filter(({ stalled }) => !stalled).map(({ second }) => second));
  const allMs = Math.max(...told.map(({ at }) => at - changedAt));
  report(
    `one change: made and diffed in ${madeMs.toFixed(1)} ms (target 20), ${told[0]!.bytes} bytes to each (10,000), at all ${told.length} after ${Math.round(allMs)} ms (2,000), with ${counts.stalled} stalled`,
  );
  for (const { close } of clients) close();
  server.close();
}

interface Watcher {
  readonly stalled: boolean;
  /** Resolves with the first update. */
  readonly first: Promise<void>;
  readonly second: Promise<{ readonly at: number; readonly bytes: number }>;
  close(): void;
}

/** A client that answers each update, or that reads the first and no more. */
function watcher(client: InstanceType<ReturnType<typeof discoveryService>['Client']>, stalled: boolean): Watcher {
  const open = client['DeltaAggregatedResources'] as unknown as () => ClientDuplexStream<DeltaRequest, DeltaResponse>;
  const stream = open.call(client);
  stream.on('error', () => {});
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<{ at: number; bytes: number }>();
  let updates = 0;
  stream.on('data', ({ nonce, resources = [] }: DeltaResponse) => {
    updates += 1;
    if (updates === 1) first.resolve();
    else second.resolve({ at: performance.now(), bytes: resources.reduce((sum, { resource }) => sum + resource.value.length, 0) });
    if (stalled) stream.pause();
    else stream.write({ type_url: clusterType, response_nonce: nonce });
  });
  // Each has all but the last few already, as a gateway that comes again does; otherwise 200 clients in one process would measure themselves.
  stream.write({ type_url: clusterType, resource_names_subscribe: ['service0@pr-0', 'service1@pr-0'] });
  return {
    stalled,
    first: first.promise,
    second: second.promise,
    close: () => {
      stream.cancel();
      client.close();
    },
  };
}
