import { existsSync } from 'node:fs';

/** A browser that pages can be tried in: Debian's Chromium, or Chrome where GitHub's runners have it; undefined where there is none. */
export function findBrowser(): string | undefined {
  return ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((file) => existsSync(file));
}
