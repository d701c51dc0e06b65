import { fileURLToPath } from 'node:url';
import { openKmsKey } from '../platform/cloud/kms/kms-key.ts';
import type { SigningKey, SigningKeys } from './domain/signing-key.ts';
import { openFileSigningKey } from './file-signing-key.ts';
import { openKmsSigningKey } from './kms-signing-key.ts';

/**
 * The keys by their names, `projects/…/cryptoKeyVersions/N` or `file:/…`. The first signs. Each is read when it is first needed, so that it costs no start,
 * and read again where that failed.
 */
export function openSigningKeys([first, ...others]: readonly string[]): SigningKeys {
  if (first === undefined) throw new Error('there is no key to sign with');
  const current = keptOnce(() => openSigningKey(first));
  const rest = others.map((name) => keptOnce(() => openSigningKey(name)));
  return { current, all: () => Promise.all([current, ...rest].map((open) => open())) };
}

async function openSigningKey(name: string): Promise<SigningKey> {
  return name.startsWith('file:') ? openFileSigningKey(fileURLToPath(name)) : openKmsSigningKey(await openKmsKey(name));
}

function keptOnce(open: () => Promise<SigningKey>): () => Promise<SigningKey> {
  let opening: Promise<SigningKey> | undefined;
  return () => {
    opening ??= open().catch((error) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
}
