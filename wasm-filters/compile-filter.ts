import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';

/**
 * Compiles an AssemblyScript filter; the same sources give the same bytes. `entry` is relative to this folder.
 * Throws where it does not compile; what is wrong stands on stderr then.
 */
export function compileFilter(entry: string, outFile: string): void {
  const asc = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');
  const options = [
    // Envoy refuses a module that imports env.abort.
    ['--use', 'abort=abi/log/onAbort'],
    // The other runtimes leak.
    ['--runtime', 'incremental'],
    ['--exportStart', '_initialize'],
    ['-O3'],
  ];
  execFileSync(process.execPath, [asc, entry, '--outFile', outFile, ...options.flat()], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
