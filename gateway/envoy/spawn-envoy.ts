import type { ChildProcess } from 'node:child_process';
import { spawnLeashed } from './leash.ts';

/** What every Envoy of ours is started with. One worker thread: more would be more memory, and another cache of tokens for each. */
const options = [
  ...['--concurrency', '1', '--disable-hot-restart'],
  // Access log lines are held back for ten seconds otherwise.
  ...['--file-flush-interval-msec', '1000'],
  ...['--log-level', 'warning', '--component-log-level', 'wasm:info'],
];

/** An Envoy to start. */
interface EnvoySpec {
  readonly executable: string;
  /** The bootstrap; Envoy tells JSON from YAML by the name. */
  readonly config: string;
  /** Further arguments. */
  readonly args?: readonly string[];
  /** Where its log goes (standard error) and its access log (standard output): a file descriptor each, or one for both. */
  readonly output: number | readonly [stdout: number, stderr: number];
}

/** Starts Envoy as a child that does not outlive this process. The child's process id is Envoy's; it emits "close" when its guard is gone as well. */
export function spawnEnvoy({ executable, config, args = [], output }: EnvoySpec): ChildProcess {
  const [stdout, stderr] = typeof output === 'number' ? [output, output] : output;
  return spawnLeashed(executable, ['-c', config, ...options, ...args], { stdout, stderr });
}
