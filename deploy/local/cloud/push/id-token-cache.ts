import type { Clock, MintIdToken } from '../../shared/local-server.ts';

// Google's own push tokens may be up to an hour old; local ones are renewed long before they expire.
const reuseMs = 5 * 60_000;

/** Mints an ID token for each pair of account and audience once in five minutes. A failure is not remembered. */
export function createIdTokenCache(clock: Clock, mintIdToken: MintIdToken): MintIdToken {
  const tokens = new Map<string, { readonly token: Promise<string>; readonly untilMs: number }>();
  return (email, audience) => {
    const key = `${email} ${audience}`;
    const known = tokens.get(key);
    if (known !== undefined && known.untilMs > clock.now()) return known.token;
    const token = mintIdToken(email, audience);
    tokens.set(key, { token, untilMs: clock.now() + reuseMs });
    token.catch(() => tokens.delete(key));
    return token;
  };
}
