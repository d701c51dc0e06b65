import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod';
import { cluster } from './cluster-config.ts';
import { address, listener } from './listener-config.ts';
import { ConfigError, list, readConfig } from './read-config.ts';

/** Fields that are taken and do nothing here, with the reason. Each is logged at the start. */
export const withoutEffect: Readonly<Record<string, string>> = {
  node: 'there is no control plane',
  layered_runtime: 'there is no runtime, defaults count',
  overload_manager: "the process has no heap monitor; its memory limit is the container's",
  stats_config: 'metrics keep their default tags',
  stats_flush_interval: 'metrics are read, not pushed',
  default_regex_engine: 'ECMAScript regular expressions',
  application_log_config: 'logs are JSON',
};

/** envoy.config.bootstrap.v3.Bootstrap. */
const bootstrap = z.strictObject({
  static_resources: z.strictObject({ listeners: z.array(listener).min(1), clusters: list(cluster) }),
  admin: z
    .strictObject({
      address: address.optional(),
      access_log: z.json().optional(),
      profile_path: z.string().optional(),
      ignore_global_conn_limit: z.boolean().optional(),
    })
    .optional(),
  ...Object.fromEntries(Object.keys(withoutEffect).map((key) => [key, z.json().optional()])),
});
/** A parsed bootstrap. */
export type Bootstrap = z.output<typeof bootstrap>;

/** Checks a bootstrap that was read as plain data. @throws ConfigError naming the paths at fault. */
export function readBootstrap(value: unknown): Bootstrap {
  return readConfig(bootstrap, value, '');
}

/** Reads a bootstrap file, YAML or JSON, as plain data. @throws ConfigError where it cannot be read. */
export function readBootstrapFile(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
