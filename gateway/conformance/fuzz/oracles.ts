import type { GatewayAccess } from '../../bootstrap/gateway-methods.ts';
import type { SeenRequest } from '../scripted-upstream.ts';

/** A token that is good, and for whom. */
export interface KnownToken {
  readonly as: GatewayAccess;
  readonly token: string;
}

/** What no answer may hold: stack traces, source files, the runtime's own errors, and what the data plane says of faults of its own. */
const inner =
  /\n\s+at \S+ \(|\.ts:\d+|node:[a-z]+|[A-Z][a-z]+Error\b|Cannot read prop|is not a function|is not iterable|"internal error"|^internal error/;

/** The inner text that an answer shows, if any. */
export function textLeak(bytes: Buffer): string | undefined {
  return inner.exec(bytes.toString('latin1'))?.[0];
}

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
  for (const name of ['x-kumiko-preview-customer', 'x-kumiko-preview', 'x-http-method-override', 'x_under']) {
    if (seen.headers.has(name)) faults.push(`${name} reached ${seen.path}`);
  }
  return faults;
}

/** Whether a header holds the token: Envoy looks for "Bearer " anywhere in it. The last characters of base64 may differ and mean the same bytes. */
function isSame(header: string | undefined, token: string): boolean {
  const sent = /Bearer\s+([\w\-.=]*)/.exec(header ?? '')?.[1];
  if (sent === undefined) return false;
  const [a, b] = [sent.split('.'), token.split('.')];
  return a[0] === b[0] && a[1] === b[1] && Buffer.from(a[2] ?? '', 'base64url').equals(Buffer.from(b[2]!, 'base64url'));
}
