import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compileBootstrap } from '../compile-bootstrap.ts';
import { readGatewayEnvironment } from '../gateway-environment.ts';
import { environmentFolder } from '../golden.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests walk through JSON.
type Walked = any;

test.each(['edge', 'jobs'] as const)('what the routing filter of the %s takes for removed early is removed early', (role) => {
  const bootstrap: Walked = compileBootstrap({ role, environment: readGatewayEnvironment(join(environmentFolder, 'staging.yaml')) });
  const manager = bootstrap.static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
  const filters = manager.http_filters.map(({ typed_config }: Walked) => typed_config.extension_config?.typed_config ?? typed_config);
  const filter = filters.find(({ config }: Walked) => config?.name === 'dynamic-routing');
  const configuration = JSON.parse(filter.config.configuration.value);
  const [mutation] = manager.early_header_mutation_extensions;
  const removed: unknown[] = mutation.typed_config.mutations.map(({ remove }: Walked) => remove);
  expect(configuration.stripped_early).toBe(true);
  expect(removed).toEqual(expect.arrayContaining(Object.values(configuration.headers)));
  // Where the token does not say it, the request brings it.
  expect(removed.includes(configuration.choice_header)).toBe(configuration.claim !== undefined);
});
