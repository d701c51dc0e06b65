import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createFileRegistry } from '@bufbuild/protobuf';
import { ServicesClient } from '@google-cloud/run';
import { credentials } from '@grpc/grpc-js';
import { PassThroughClient } from 'google-auth-library';
import { pino } from 'pino';
import { startRun } from '../deploy/local/cloud/run/start-run.ts';
import { uriAnnotation } from '../deploy/local/cloud/run/uris.ts';
import { systemClock } from '../deploy/local/shared/local-server.ts';
import { compileBootstrap } from '../gateway/bootstrap/compile-bootstrap.ts';
import { send } from '../gateway/conformance/case-client.ts';
import { environmentOf } from '../gateway/conformance/local-environment.ts';
import { startScriptedUpstream } from '../gateway/conformance/scripted-upstream.ts';
import { startTokenAuthority } from '../gateway/conformance/tokens.ts';
import { listPreviews } from '../gateway/control-plane/list-previews.ts';
import { PreviewStore } from '../gateway/control-plane/preview-store.ts';
import { PreviewWatch } from '../gateway/control-plane/preview-watch.ts';
import { startTestControlPlane } from '../gateway/control-plane/testing/test-control-plane.ts';
import { startEnvoy } from '../gateway/envoy/start-envoy.ts';
import { readDescriptorSet } from '../services/platform/contracts/methods.ts';
import { machine } from './load/compare.ts';

export const question =
  'How long after a tag is set on Cloud Run does the gateway serve the first request by it, and what do 1,000 additions and removals cost those who ask? (targets: 1 s, no failed request)';

const parent = 'projects/kumiko-local/locations/asia-northeast1';
const name = `${parent}/services/partner`;
const tagged = 50;
const rounds = 500;
const clients = 8;

/** The local Cloud Run Admin API, the control plane and an Envoy with the edge's filters; what tags lead to runs already. */
export async function run(report: (line: string) => void): Promise<void> {
  report(machine());
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  const registry = createFileRegistry(readDescriptorSet());
  const [standard, preview, authority] = await Promise.all([
    startScriptedUpstream(registry),
    startScriptedUpstream(registry),
    startTokenAuthority(),
  ]);
  for (const upstream of [standard, preview]) upstream.script(undefined);
  const store = new PreviewStore();
  const controlPlane = await startTestControlPlane({
    store,
  });
  let watch: PreviewWatch | undefined;
  const api = await startRun({ port: 0, stateDir: folder, clock: systemClock, onChange: () => watch?.changed() });
  const cloudRun = new ServicesClient({
    projectId: 'kumiko-local',
    apiEndpoint: '127.0.0.1',
    port: api.port,
    sslCreds: credentials.createInsecure(),
    authClient: new PassThroughClient(),
  });
  const template = (revision: string) => ({
    revision,
    annotations: { [uriAnnotation]: `http://127.0.0.1:${preview.port}` },
    containers: [{ image: 'partner:1' }],
  });
  const [created] = await cloudRun.createService({ parent, serviceId: 'partner', service: { template: template('partner-first') } });
  await created.promise();
  watch = new PreviewWatch({
    store,
    list: () => listPreviews({ client: cloudRun, parents: [parent], services: ['partner'] }),
    environment: { trustedCaFile: undefined },
    logger: pino({ level: 'silent' }),
    intervalMs: 60_000,
    wait: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
  });
  void watch.run();
  const environment = {
    ...environmentOf({ upstream: standard, authority }),
    previews: { controlPlane: `http://127.0.0.1:${controlPlane.port}` },
  };
  const envoy = await startEnvoy(compileBootstrap({ role: 'edge', environment }), { folder });

  const ask = async (tag: string) => {
    const token = await authority.token({ as: 'partner', claims: { kumiko_preview: { partner: tag } } });
    const before = preview.seen.length;
    const headers = [['authorization', `Bearer ${token}`]] as const;
    const request = { protocol: 'HTTP/1.1', method: 'GET', path: '/v1/partner/deals', headers, body: undefined } as const;
    const { status } = await send(envoy.ports['edge']!, request);
    return { status, met: preview.seen.length > before };
  };
  const setTags = async (tags: readonly string[]) => {
    const [operation] = await cloudRun.updateService({
      service: {
        name,
        traffic: [
          { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 100 },
          ...tags.map((tag) => ({ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION' as const, revision: 'partner-first', tag })),
        ],
      },
      updateMask: { paths: ['traffic'] },
    });
    await operation.promise();
  };
  const until = async (tag: string, met: boolean) => {
    while ((await ask(tag)).met !== met);
  };
  while ((await ask('none')).status !== 200) await delay(50);

  const times: number[] = [];
  for (let index = 0; index < tagged; index++) {
    const startedAt = performance.now();
    void setTags([`pr-${index + 1}`]);
    await until(`pr-${index + 1}`, true);
    times.push(performance.now() - startedAt);
  }
  times.sort((a, b) => a - b);
  report(
    `tag set to first request served: median ${Math.round(times[tagged / 2]!)} ms, longest ${Math.round(times.at(-1)!)} ms of ${tagged} (target 1000)`,
  );

  let going = true;
  let asked = 0;
  let failed = 0;
  const load = Array.from({ length: clients }, async () => {
    while (going) {
      asked += 1;
      if ((await ask('pr-0')).status !== 200) failed += 1;
    }
  });
  for (let round = 0; round < rounds; round++) {
    await setTags(['pr-0']);
    await until('pr-0', true);
    await setTags([]);
    await until('pr-0', false);
  }
  going = false;
  await Promise.all(load);
  report(`${2 * rounds} additions and removals under load: ${failed} of ${asked} requests failed (target 0)`);

  watch.end();
  await envoy.close();
  controlPlane.close();
  await cloudRun.close();
  await api.close();
  await Promise.all([standard.close(), preview.close(), authority.close()]);
  rmSync(folder, { recursive: true });
}
