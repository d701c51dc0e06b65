import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileRegistry, type Registry } from '@bufbuild/protobuf';
import { audienceOf } from '../../services/platform/contracts/identities.ts';
import { readDescriptorSet } from '../../services/platform/contracts/methods.ts';
import { compileFixture } from '../../wasm-filters/testing/compile-fixture.ts';
import { startToldPreviews, type ToldPreviews } from '../control-plane/testing/told-previews.ts';
import { type MetadataServer, startMetadataServer } from './metadata-server.ts';
import { type ScriptedUpstream, startScriptedUpstream } from './scripted-upstream.ts';
import { project, startTokenAuthority, type TokenAuthority } from './tokens.ts';
import { trapFixture } from './trap-fixture.ts';

const tls = join(import.meta.dirname, 'testing/tls');
const pem = (name: string) => readFileSync(join(tls, `${name}.pem`));

/** What stands around an Envoy: upstreams, keys, metadata servers, and the files that bootstraps name. */
export interface Surroundings {
  readonly registry: Registry;
  readonly upstream: ScriptedUpstream;
  /** Also the metadata server of most bootstraps. */
  readonly authority: TokenAuthority;
  /** Has no token for the webhook service. */
  readonly poorMetadata: MetadataServer;
  /** Knows no preview until a bootstrap's stage tells it. */
  readonly controlPlane: ToldPreviews;
  /** Absolute paths. */
  readonly files: { readonly folder: string; readonly trap: string; readonly ca: string };
  close(): Promise<void>;
}

/** Starts them. */
export async function startSurroundings(): Promise<Surroundings> {
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-conformance-'));
  const trap = join(folder, 'trap.wasm');
  const registry = createFileRegistry(readDescriptorSet());
  const key = pem('server-key');
  const [fixture, upstream, authority, controlPlane] = await Promise.all([
    compileFixture(trapFixture),
    startScriptedUpstream(registry, {
      tls: { key, cert: pem('server') },
      'tls-other-name': { key, cert: pem('other-name') },
      'tls-other-authority': { key, cert: pem('other-authority') },
    }),
    startTokenAuthority(),
    startToldPreviews(),
  ]);
  writeFileSync(trap, fixture);
  const poorMetadata = await startMetadataServer(authority.identityToken, new Set([audienceOf('webhook', project)]));
  return {
    registry,
    upstream,
    authority,
    poorMetadata,
    controlPlane,
    files: { folder, trap, ca: join(tls, 'ca.pem') },
    close: async () => {
      controlPlane.close();
      await Promise.all([upstream.close(), authority.close(), poorMetadata.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
