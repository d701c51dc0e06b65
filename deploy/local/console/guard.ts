import type { IncomingMessage, ServerResponse } from 'node:http';
import { isToken } from './console-token.ts';

/** Of every answer: the page loads nothing from elsewhere, talks to nobody else, and is in no frame. */
const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** Programs of other pages come from somewhere, and browsers say so. Whoever types an address comes from nowhere. */
const ownSites: ReadonlySet<string | undefined> = new Set([undefined, 'same-origin', 'none']);

const locked = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Console</title>
<h1>This console is locked</h1>
<p>Open the address that <code>npm start</code> has printed: it has the token that lets this browser in. It stays good until <code>npm run reset</code>.</p>
<p>If this browser was let in before, and you came by a link: <a href="">open this address again</a>.</p></html>
`;

/**
 * Lets through whoever has the token: first in the address, then in a cookie that no script reads and no other site sends. Pages of other ports of this machine
 * are the same site, but another origin, which their requests say. Everybody else is answered here. `Host` has been checked before.
 *
 * @returns whether the request may go on.
 */
export function letIn(request: IncomingMessage, response: ServerResponse, token: string): boolean {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const { host = '', origin, cookie = '' } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const isNavigation = request.method === 'GET' && request.headers['sec-fetch-mode'] === 'navigate';
  if ((origin !== undefined && origin !== `http://${host}`) || (!ownSites.has(String(site ?? '') || undefined) && !isNavigation)) {
    response.writeHead(403, { 'content-type': 'text/plain' }).end('Only the console itself may ask for this.\n');
    return false;
  }
  // A cookie knows no port: each console of this machine has its own.
  const name = `console_${request.socket.localPort}`;
  const url = new URL(request.url ?? '/', 'http://console');
  const given = url.searchParams.get('token');
  if (request.method === 'GET' && given !== null && isToken(given, token)) {
    url.searchParams.delete('token');
    response
      .writeHead(303, {
        'set-cookie': `${name}=${token}; HttpOnly; SameSite=Strict; Path=/`,
        'cache-control': 'no-store',
        // A path of two slashes would be another host.
        location: `${url.pathname.replace(/^\/+/, '/')}${url.search}`,
      })
      .end();
    return false;
  }
  const held = cookie
    .split(/; */)
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1);
  if (isToken(held, token)) return true;
  if (url.pathname.startsWith('/api/')) {
    response
      .writeHead(401, { 'content-type': 'application/json' })
      .end(JSON.stringify({ error: { code: 'unauthenticated', message: 'Open the address that npm start has printed.' } }));
  } else {
    response.writeHead(401, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(locked);
  }
  return false;
}
