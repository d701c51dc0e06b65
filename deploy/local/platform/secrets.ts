import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the platform and the outside world share on this machine. */
export interface LocalSecrets {
  /** Every secret of this state is derived from it: so each process has all of them, and nobody keeps a list. */
  readonly root: string;
  /** The file of the key that partner tokens are signed with. */
  readonly partnerKeyFile: string;
}

/** The file that keeps them. */
function secretsFile(stateDir: string): string {
  return join(stateDir, 'secrets.json');
}

/** Reads the secrets of the state, or makes them. */
export function loadSecrets(stateDir: string): LocalSecrets {
  const file = secretsFile(stateDir);
  const partnerKeyFile = join(stateDir, 'cloud', 'issuer', 'partner.jwk.json');
  if (existsSync(file)) {
    const { root } = JSON.parse(readFileSync(file, 'utf8')) as { root?: string };
    if (root !== undefined) return { root, partnerKeyFile };
  }
  const root = randomBytes(32).toString('base64url');
  writeFileSync(file, JSON.stringify({ root }, undefined, 2), { mode: 0o600 });
  return { root, partnerKeyFile };
}

/** The secret of a name, such as "payment-provider-key": 43 characters, the same for as long as the state is. */
export function secretOf({ root }: Pick<LocalSecrets, 'root'>, name: string): string {
  return createHmac('sha256', root).update(name).digest('base64url');
}
