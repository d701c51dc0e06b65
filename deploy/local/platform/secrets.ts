import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const names = ['paymentKey', 'paymentWebhookSecret', 'carrierKey', 'carrierWebhookSecret', 'inventoryKey'] as const;

/** What the platform and the outside world share, made for this machine's state. */
export type LocalSecrets = Readonly<Record<(typeof names)[number], string>>;

/** The file that keeps them. */
export function secretsFile(stateDir: string): string {
  return join(stateDir, 'secrets.json');
}

/** Reads the secrets of the state, or makes them. */
export function loadSecrets(stateDir: string): LocalSecrets {
  const file = secretsFile(stateDir);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as LocalSecrets;
  const secrets = Object.fromEntries(names.map((name) => [name, randomBytes(24).toString('base64url')])) as LocalSecrets;
  writeFileSync(file, JSON.stringify(secrets, undefined, 2), { mode: 0o600 });
  return secrets;
}
