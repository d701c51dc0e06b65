import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const names = ['paymentKey', 'paymentWebhookSecret', 'carrierKey', 'carrierWebhookSecret', 'inventoryKey'] as const;

/** What the platform and the outside world share, made for this machine's state. */
export type LocalSecrets = Readonly<Record<(typeof names)[number], string>> & {
  /** The file of the key that partner tokens are signed with. The issuer makes it and signs with it too, so that both make the same tokens. */
  readonly partnerKeyFile: string;
};

/** The file that keeps them. */
export function secretsFile(stateDir: string): string {
  return join(stateDir, 'secrets.json');
}

/** Reads the secrets of the state, or makes them. */
export function loadSecrets(stateDir: string): LocalSecrets {
  const file = secretsFile(stateDir);
  const partnerKeyFile = join(stateDir, 'cloud', 'issuer', 'partner.jwk.json');
  if (existsSync(file)) return { ...JSON.parse(readFileSync(file, 'utf8')), partnerKeyFile };
  const secrets = Object.fromEntries(names.map((name) => [name, randomBytes(24).toString('base64url')]));
  writeFileSync(file, JSON.stringify(secrets, undefined, 2), { mode: 0o600 });
  return { ...secrets, partnerKeyFile } as LocalSecrets;
}
