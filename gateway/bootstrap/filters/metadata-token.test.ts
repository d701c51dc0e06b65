import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compileBootstrap } from '../compile-bootstrap.ts';
import { readGatewayEnvironment } from '../gateway-environment.ts';
import { environmentFolder } from '../golden.ts';
import { routesOf } from '../testing/testing-routes.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests walk through JSON.
type Walked = any;

const gateways = readdirSync(environmentFolder).flatMap((file) => (['edge', 'jobs'] as const).map((role) => [role, file] as const));

test.each(gateways)('at the %s of %s the token filter knows the routes that may lead nowhere, and no other', (role, file) => {
  const bootstrap: Walked = compileBootstrap({ role, environment: readGatewayEnvironment(join(environmentFolder, file)) });
  const manager = bootstrap.static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
  // A route that takes the filter out has nothing for it to know.
  const routes = routesOf(manager).filter(({ typed_per_filter_config: own }: Walked) => own['envoy.filters.http.wasm']?.disabled !== true);
  const { config } = manager.http_filters.at(-2).typed_config;
  expect(config.name).toBe('metadata-token');
  const { not_found_routes: notFound, answering_routes: answering = [] } = JSON.parse(config.configuration.value);
  const isOf = (names: readonly string[], { name }: Walked) =>
    names.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));
  for (const route of routes) {
    expect(isOf(notFound, route)).toBe(route.direct_response?.status === 404);
    const leadsNowhere = route.route?.cluster_specifier_plugin !== undefined || route.name.startsWith('documents/');
    expect(isOf(answering, route)).toBe(leadsNowhere);
  }
});
