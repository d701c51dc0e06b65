import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callersOf } from '../../../services/platform/contracts/callers.ts';
import { listMethods } from '../../../services/platform/contracts/methods.ts';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { freePorts } from '../../../services/platform/tools/free-port.ts';
import { bytesOf, removeOrphans, removeWithParent } from '../containers/podman.ts';
import { healthCheck, type RawCall } from '../running-server.ts';
import { calledBy, type ScratchCloud, startScratchCloud } from '../scratch-cloud.ts';
import { warmUpCalls } from '../shrink/warm-up.ts';
import { builtImage, containerManifest, missingImages } from './built-images.ts';
import { ImageContainer } from './image-container.ts';
import { serviceCases } from './service-cases.ts';

// https://cloud.google.com/run/docs/container-contract, for each service's image as its manifest has it run.
const skipped = missingImages();
const running = new Set<ImageContainer>();
let cloud: ScratchCloud;
let ports: number[] = [];
/** For calls of which there are many: a machine that is busy with other things is no fault. */
const patienceMs = 90_000;

describe.skipIf(skipped !== undefined)(`images of services as containers${skipped === undefined ? '' : ` (${skipped})`}`, () => {
  beforeAll(async () => {
    removeOrphans();
    removeWithParent();
    cloud = await startScratchCloud();
    ports = await freePorts(serviceNames.length * 8);
  });

  afterAll(async () => {
    await Promise.all([...running].map((container) => container.stop('SIGKILL')));
    await cloud?.close();
  });

  function start(service: string, env: Readonly<Record<string, string>>): ImageContainer {
    const manifest = containerManifest(service);
    // What the manifest sets, with what stands in for Google Cloud here.
    const container = new ImageContainer({
      image: builtImage(service),
      limits: manifest.limits,
      env: { ...manifest.env, ...env },
      port: ports.pop()!,
    });
    running.add(container);
    container.ended.then(() => running.delete(container));
    return container;
  }

  describe.each(serviceNames)('%s', (service) => {
    serviceCases(service, {
      cloud: () => cloud,
      start,
      temporaryFiles: (container) => (container as ImageContainer).temporaryFiles(),
    });

    test('is healthy before its startup probe gives up, runs as the user of its image, and may do nothing', async () => {
      const { startupProbe } = containerManifest(service);
      const container = start(service, cloud.environmentOf(service));
      await container.call(healthCheck);
      const seconds = startupProbe.periodSeconds! * startupProbe.failureThreshold!;
      expect(performance.now() - container.startedAt).toBeLessThan(seconds * 1_000);
      expect(container.user()).toEqual({ uid: 65_532, capabilities: '0000000000000000' });
      await container.stop();
    });

    test('listens on every address, at PORT', async () => {
      const { HOST: _, ...environment } = cloud.environmentOf(service);
      const { env, limits } = containerManifest(service);
      // Alone in its network: nothing else reaches it.
      const container = new ImageContainer({ image: builtImage(service), limits, env: { ...env, ...environment, PORT: '9090' } });
      running.add(container);
      expect(await container.listening()).toBe(9_090);
      expect(container.listeners()).toEqual([expect.stringMatching(/^0+:9090$/)]);
      await container.stop();
    });

    test('holds its memory under as many calls at a time as it is given, and under the largest that it takes', {
      timeout: 240_000,
    }, async () => {
      const { concurrency } = containerManifest(service);
      const container = start(service, cloud.environmentOf(service));
      const usual = { ...warmUpCalls(service)[0]!, timeoutMs: patienceMs };
      await Promise.all(Array.from({ length: concurrency }, () => container.call(usual)));
      // Together they are as large as the whole limit.
      const largest = largestCall(service);
      const count = Math.ceil(bytesOf(containerManifest(service).limits.memory) / largest.body!.length);
      await Promise.all(Array.from({ length: Math.min(count, concurrency) }, () => container.call(largest)));
      expect(await container.call(healthCheck)).toEqual(Buffer.from([0x08, 0x01]));
      const { limit, kills, peak } = container.memory();
      expect({ kills, within: peak <= limit }).toEqual({ kills: 0, within: true });
      expect((await container.stop()).code).toBe(0);
    });
  });
});

/**
 * A call of the method that takes the largest requests, filled up with a field that it does not know, as a newer client's would be. A method for other services
 * is preferred: others refuse whoever has no token before they have read it all.
 */
function largestCall(service: string): RawCall {
  const [method] = listMethods()
    .filter(({ workload }) => workload === service)
    .toSorted(
      (one, other) =>
        other.maxRequestBytes - one.maxRequestBytes ||
        callersOf(other.desc, other.policy!).length - callersOf(one.desc, one.policy!).length,
    );
  const { grpcPath, maxRequestBytes, policy, desc } = method!;
  const [caller] = callersOf(desc, policy!);
  // Field 15, of bytes, with a length of four bytes: https://protobuf.dev/programming-guides/encoding/.
  const length = maxRequestBytes - 5;
  const head = Buffer.from([0x7a, (length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, ((length >> 14) & 0x7f) | 0x80, length >> 21]);
  return {
    path: grpcPath,
    headers: calledBy(caller ?? 'edge-gateway'),
    body: Buffer.concat([head, Buffer.alloc(length, 0x61)]),
    refused: caller === undefined ? 'UNAUTHENTICATED' : 'INVALID_ARGUMENT',
    timeoutMs: patienceMs,
  };
}
