import { randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

function tokenFile(stateDir: string): string {
  return join(stateDir, 'control.token');
}

/** Makes the token by which this user's commands are known, for as long as the platform runs. Only this user can read its file. */
export function writeControlToken(stateDir: string): string {
  const token = randomBytes(32).toString('base64url');
  removeControlToken(stateDir);
  writeFileSync(tokenFile(stateDir), token, { mode: 0o600, flag: 'wx' });
  return token;
}

/** The token of the platform that runs on this state. */
export function readControlToken(stateDir: string): string {
  return readFileSync(tokenFile(stateDir), 'utf8');
}

/** Removes the token's file. */
export function removeControlToken(stateDir: string): void {
  rmSync(tokenFile(stateDir), { force: true });
}

/** Whether an `Authorization` header has the token. */
export function hasControlToken(header: string | undefined, token: string): boolean {
  const [given, wanted] = [Buffer.from(header ?? ''), Buffer.from(`Bearer ${token}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
