import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { PlatformState } from './api.ts';

/** Where `npm run build` puts the page and its script. */
export const appFolder = join(import.meta.dirname, 'gen');

const types: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'app.js': 'text/javascript; charset=utf-8',
  'app.css': 'text/css; charset=utf-8',
};

/**
 * Answers with a file of the app: its script, its styles, and for every other path the page, which knows its screens by their paths. In the page stands how the
 * platform is just now, so that it has something to show before it has asked.
 */
export function serveApp(path: string, response: ServerResponse, state: () => PlatformState): void {
  const asset = path.startsWith('/app/') ? path.slice('/app/'.length) : 'index.html';
  const type = Object.hasOwn(types, asset) ? types[asset] : undefined;
  if (type === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end(`There is nothing at ${path}.\n`);
    return;
  }
  const file = readFileSync(join(appFolder, asset));
  const isPage = asset === 'index.html';
  const body = gzipSync(isPage ? file.toString().replace('id="platform">{}', () => `id="platform">${inPage(state())}`) : file);
  const cached = isPage ? 'no-store' : 'no-cache';
  response.writeHead(200, { 'content-type': type, 'content-encoding': 'gzip', 'cache-control': cached }).end(body);
}

/** As JSON that ends no element of the page, whatever a text in it says. */
function inPage(state: PlatformState): string {
  return JSON.stringify(state).replaceAll('<', '\\u003c');
}
