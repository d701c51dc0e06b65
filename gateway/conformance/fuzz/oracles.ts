import type { GatewayAccess } from '../../bootstrap/gateway-methods.ts';
import type { SeenRequest } from '../scripted-upstream.ts';
import { spoofedHeaders } from '../spoofed-headers.ts';

/** A token that is good, and for whom. */
export interface KnownToken {
  readonly as: GatewayAccess;
  readonly token: string;
}

/** What no answer may hold: places in Envoy's source, addresses in memory, what its assertions and plugins say when they fail. */
const inner = /\b\w+\.(?:cc|h):\d+|\b0x[0-9a-f]{6,}\b|assert failure|envoy bug|RuntimeError|proxy_on_\w+|computeMetadata/i;

/** The inner text that an answer shows, if any: the gateway's own tokens above all. */
export function textLeak(bytes: Buffer, ownTokens: ReadonlySet<string>): string | undefined {
  const text = bytes.toString('latin1');
  for (const token of ownTokens) if (text.includes(token)) return 'the gateway’s own token';
  return inner.exec(text)?.[0];
}

/** Lines of Envoy's log that tell of a crash on the way or of a plugin that trapped. */
export function graveLines(log: string): string[] {
  return log.split('\n').filter((line) => /\[critical\]|assert failure|envoy bug|RuntimeError|proxy_on_\w+ failed/i.test(line));
}

/** Headers that no request may bring to a service; what the gateway itself writes is judged apart. */
const forbidden = spoofedHeaders.filter(([name]) => !/^x-(serverless-authorization|envoy-(external-address|original-))/.test(name));

/** What is wrong with a request that reached a service: nobody let it in, or it brings what only the gateway may write. */
export function judgeSeen(seen: SeenRequest, methods: ReadonlyMap<string, GatewayAccess>, tokens: readonly KnownToken[]): string[] {
  // Routes match paths without their query, which goes on to the service.
  const access = methods.get(seen.path.split('?')[0]!);
  if (access === undefined) return [`${JSON.stringify(seen.path)}, which is no method, reached a service`];
  const faults: string[] = [];
  if (access !== 'public' && !tokens.some(({ as, token }) => as === access && isSame(seen.headers.get('authorization'), token)))
    faults.push(`${seen.path} was reached without a token of a ${access}`);
  if (seen.headers.get('x-serverless-authorization')?.startsWith('Bearer ey') !== true)
    faults.push(`${seen.path} was reached without the gateway's token`);
  if (seen.headers.get('x-envoy-original-path') === '/forged') faults.push(`a forged x-envoy-original-path reached ${seen.path}`);
  for (const name of ['x_under', ...forbidden.map(([name]) => name)]) {
    if (seen.headers.has(name)) faults.push(`${name} reached ${seen.path}`);
  }
  return faults;
}

/**
 * Whether a header holds the token as Envoy reads it: "Bearer " may stand anywhere in it, and white space within the signature does not count. The last
 * characters of base64 may differ and mean the same bytes.
 */
function isSame(header: string | undefined, token: string): boolean {
  const sent = /Bearer\s+([\w\-.=\s]*)/.exec(header ?? '')?.[1]?.replaceAll(/\s/g, '');
  if (sent === undefined) return false;
  const [a, b] = [sent.split('.'), token.split('.')];
  return a[0] === b[0] && a[1] === b[1] && Buffer.from(a[2] ?? '', 'base64url').equals(Buffer.from(b[2]!, 'base64url'));
}
