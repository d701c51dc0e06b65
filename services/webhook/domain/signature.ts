import { createHmac, timingSafeEqual } from 'node:crypto';

/** Why a signature is refused. For our logs: the sender learns only that it is. */
type SignatureFault = 'missing' | 'malformed' | 'too-old' | 'too-new' | 'wrong';

/** How a provider signs. */
interface SignatureProfile {
  /** How far the signature's time may be from ours, in seconds: the replay window. */
  readonly toleranceSeconds: number;
  /** Active secrets: more than one while they are rotated. */
  readonly secrets: readonly string[];
}

/**
 * Checks a signature of the form `t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`, in constant time. Several v1 may stand in one header.
 *
 * @returns undefined where the signature holds.
 */
export function checkSignature(
  profile: SignatureProfile,
  header: string | undefined,
  body: Uint8Array,
  now: Date,
): SignatureFault | undefined {
  if (header === undefined || header === '') return 'missing';
  const parts = header.split(',').map((part) => part.trim().split('='));
  const time = parts.find(([name]) => name === 't')?.[1];
  const signatures = parts.flatMap(([name, value = '']) => (name === 'v1' && /^[0-9a-f]{64}$/.test(value) ? [value] : []));
  if (time === undefined || !/^\d{1,12}$/.test(time) || signatures.length === 0) return 'malformed';
  // The signature first: an attacker learns nothing about our clock.
  const expected = profile.secrets.map((secret) => createHmac('sha256', secret).update(`${time}.`).update(body).digest());
  const given = signatures.map((signature) => Buffer.from(signature, 'hex'));
  const matches = expected.flatMap((bytes) => given.map((other) => timingSafeEqual(bytes, other)));
  if (!matches.includes(true)) return 'wrong';
  const age = now.getTime() / 1000 - Number(time);
  if (age > profile.toleranceSeconds) return 'too-old';
  return age < -profile.toleranceSeconds ? 'too-new' : undefined;
}
