import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileRegistry, createRegistry, fromBinary, type Registry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { readDescriptorSet } from '../../services/contracts/methods.ts';
import { compileFixture } from '../wasm-host/testing/compile-fixture.ts';
import { buildFormsDescriptor } from './forms-descriptor.ts';
import { type ScriptedUpstream, startScriptedUpstream } from './scripted-upstream.ts';
import { startTokenAuthority, type TokenAuthority } from './tokens.ts';
import { trapFixture } from './trap-fixture.ts';

const tls = join(import.meta.dirname, '../dataplane/testing/tls');

/** What stands around a data plane: upstreams, keys, the metadata server, and the files that bootstraps name. */
export interface Surroundings {
  readonly registry: Registry;
  readonly upstream: ScriptedUpstream;
  readonly authority: TokenAuthority;
  /** Absolute paths. */
  readonly files: { readonly folder: string; readonly forms: string; readonly trap: string; readonly ca: string; readonly otherCa: string };
  close(): Promise<void>;
}

/** Starts them. */
export async function startSurroundings(): Promise<Surroundings> {
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-conformance-'));
  const forms = buildFormsDescriptor(folder);
  const trap = join(folder, 'trap.wasm');
  writeFileSync(trap, await compileFixture(trapFixture));
  const registry = createRegistry(
    createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(forms))),
    createFileRegistry(readDescriptorSet()),
  );
  const cert = readFileSync(join(tls, 'server.pem'));
  const [upstream, authority] = await Promise.all([
    startScriptedUpstream(registry, { key: readFileSync(join(tls, 'server-key.pem')), cert }),
    startTokenAuthority(),
  ]);
  return {
    registry,
    upstream,
    authority,
    // The server's own certificate is no authority that has signed it.
    files: { folder, forms, trap, ca: join(tls, 'ca.pem'), otherCa: join(tls, 'server.pem') },
    close: async () => {
      await Promise.all([upstream.close(), authority.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
