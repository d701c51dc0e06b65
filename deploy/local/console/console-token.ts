import { randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The file of the token, in the folder of the state. */
export const consoleTokenFile = 'console.token';

/** The token that lets a browser into the console. It stays over a restart, so that an open page goes on by itself; only this user can read its file. */
export function consoleToken(stateDir: string): string {
  const file = join(stateDir, consoleTokenFile);
  if (existsSync(file)) return readFileSync(file, 'utf8');
  const token = randomBytes(32).toString('base64url');
  writeFileSync(file, token, { mode: 0o600, flag: 'wx' });
  return token;
}

/** Whether somebody has the token, in a time that does not tell how much of it. */
export function isToken(given: string | undefined, token: string): boolean {
  const [one, other] = [Buffer.from(given ?? ''), Buffer.from(token)];
  return one.length === other.length && timingSafeEqual(one, other);
}
