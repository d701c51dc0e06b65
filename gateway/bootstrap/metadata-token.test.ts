import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compileBootstrap } from './compile-bootstrap.ts';
import { readEnvironment } from './environment.ts';
import { environmentFolder } from './golden.ts';
import { routesOf } from './testing-routes.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests walk through JSON.
type Walked = any;

const gateways = readdirSync(environmentFolder).flatMap((file) => (['edge', 'jobs'] as const).map((role) => [role, file] as const));

test.each(gateways)('at the %s of %s the token filter knows the routes that answer by themselves, and no other', (role, file) => {
  const bootstrap: Walked = compileBootstrap({ role, environment: readEnvironment(join(environmentFolder, file)) });
  const manager = bootstrap.static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
  // A route that takes the filter out has nothing for it to know.
  const routes = routesOf(manager).filter(({ typed_per_filter_config: own }: Walked) => own['envoy.filters.http.wasm']?.disabled !== true);
  const { config } = manager.http_filters.at(-2).typed_config;
  expect(config.name).toBe('metadata-token');
  const { not_found_routes: notFound, answering_routes: answeringNames = [] } = JSON.parse(config.configuration.value);
  const known: string[] = [...notFound, ...answeringNames];
  const passes = ({ name }: Walked) => known.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));
  const [answering, routed] = [routes.filter(passes), routes.filter((one: Walked) => !passes(one))];
  expect(answering.every((one: Walked) => one.direct_response !== undefined)).toBe(true);
  expect(answering.filter(({ name }: Walked) => notFound.includes(name)).every((one: Walked) => one.direct_response.status === 404)).toBe(
    true,
  );
  expect(routed.every((one: Walked) => one.route !== undefined)).toBe(true);
});
