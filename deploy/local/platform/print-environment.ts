/**
 * Prints the environment variables of a service as JSON, as the code in a folder has them: a preview's manifest may have variables that the running platform
 * has not. The folder stands in the command line, the rest comes in KUMIKO_ENVIRONMENT_OF (JSON).
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Ports } from './ports.ts';
import type { LocalPreview } from './previews.ts';
import type { LocalSecrets } from './secrets.ts';

/** What the variables depend on. */
export interface EnvironmentOf {
  readonly service: string;
  readonly ports: Ports;
  readonly secrets: LocalSecrets;
  readonly previews: readonly LocalPreview[];
}

const [root = ''] = process.argv.slice(2);
const { service, ports, secrets, previews } = JSON.parse(process.env['KUMIKO_ENVIRONMENT_OF'] ?? '') as EnvironmentOf;
const module = pathToFileURL(join(root, 'deploy/local/platform/service-environment.ts')).href;
const { serviceEnvironment } = (await import(module)) as typeof import('./service-environment.ts');
process.stdout.write(JSON.stringify(serviceEnvironment(service, ports, secrets, previews)));
