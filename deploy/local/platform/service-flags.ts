import { join } from 'node:path';

/**
 * Node's flags for a service. Young objects have 4 MB instead of 16: 30 MB less for each service, and no more CPU time until it is up. The others have as much
 * as in an image: without a limit V8 lets garbage grow.
 */
export const serviceNodeFlags = ['--max-semi-space-size=4', '--max-old-space-size=128'];

/** The flags of one that exports its spans. */
export const tracedServiceNodeFlags = [...serviceNodeFlags, '--import', join(import.meta.dirname, '../telemetry/use-bundle.ts')];
