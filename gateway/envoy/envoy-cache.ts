import { homedir } from 'node:os';
import { join } from 'node:path';
import { pinnedVersion } from './pinned-version.ts';

/**
 * Where the fetched Envoy lies: outside of the checkout, so that it is fetched once for all of them and stays when state is emptied.
 * `XDG_CACHE_HOME` moves it (https://specifications.freedesktop.org/basedir-spec/latest/).
 */
function cacheFolder(environment: NodeJS.ProcessEnv): string {
  return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'kumiko', 'envoy');
}

/** The executable in it; there or not. Its folder names version and platform, since a home directory may be shared by machines. */
export function cachedEnvoy(environment: NodeJS.ProcessEnv): string {
  return join(cacheFolder(environment), `${pinnedVersion}-${process.platform}-${process.arch}`, 'envoy');
}
