import { setFlagsFromString } from 'node:v8';
import { standardOutput } from '../telemetry/log-destination.ts';
import { createLogger } from '../telemetry/logger.ts';
import { ConfigError } from './config.ts';
import type { Manifest } from './manifest.ts';
import { type ServiceOptions, startService } from './start-service.ts';

export { bind } from '../server/bind.ts';
export type { ServiceOptions, StartContext, Started } from './start-service.ts';

/** Cloud Run kills after 10 s; whoever still waits then has lost anyway. */
const lastResortMs = 9_800;

/**
 * The whole main.ts of a service: reads the environment, binds the port, starts the service, and drains on SIGTERM and SIGINT. Ends the process with code 1
 * where the environment is at fault, the port is taken or `start` fails.
 *
 *     runService({
 *       name: 'customer',
 *       manifest,
 *       start: async (context) => (await import('./composition.ts')).compose(context),
 *     });
 */
export function runService<M extends Manifest>(options: ServiceOptions<M>): void {
  // V8 would learn under load to put what calls allocate among the old objects at once; there each dead one keeps its whole call until a full collection.
  setFlagsFromString('--no-allocation-site-pretenuring');
  const destination = standardOutput();
  const service = startService(options, { env: process.env, destination });

  const exit = (code: number) => {
    try {
      destination.flush();
    } catch {
      // stdout is gone, and with it everyone who could be told.
    }
    process.exit(code);
  };
  const fail = (error: unknown, message: string) => {
    if (error instanceof ConfigError) process.stderr.write(`${options.name}: ${error.message}\n`);
    else createLogger({ service: options.name, level: 'fatal', destination }).fatal({ err: error }, message);
    exit(1);
  };

  // Google's clients listen to these signals as well, without ending the process: this listener does.
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    setTimeout(exit, lastResortMs, 0).unref();
    service
      .then((running) => running.stop())
      .then(
        () => exit(0),
        (error) => fail(error, 'the service could not be stopped in order'),
      );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('uncaughtException', (error) => fail(error, 'an error was not handled'));

  service.then((running) => running.started).catch((error) => fail(error, 'the service could not be started'));
}
