import { setFlagsFromString } from 'node:v8';
import { readBootstrapFile } from './config/bootstrap-config.ts';
import { type DataPlaneOptions, startDataPlane } from './start-data-plane.ts';

// Streams that are under way at SIGTERM get this long.
const drainMs = 1_000;

/**
 * Runs a bootstrap file until SIGTERM or SIGINT: prints a line for each listener, drains, exits.
 *
 * @throws ConfigError for what is wrong or not supported, before anything listens.
 */
export async function runBootstrapFile(path: string, options: DataPlaneOptions = {}): Promise<void> {
  // V8 would learn under load to put what requests allocate among the old objects at once; there each dead one keeps its request until a full collection.
  setFlagsFromString('--no-allocation-site-pretenuring');
  const print = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
  const plane = await startDataPlane(readBootstrapFile(path), {
    log: (severity, message, fields) => print({ severity, message, ...fields }),
    ...options,
  });
  for (const [listener, port] of Object.entries(plane.ports)) print({ severity: 'INFO', message: 'listening', listener, port });
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await plane.drain(drainMs);
    await plane.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop());
  process.on('SIGINT', () => void stop());
}
