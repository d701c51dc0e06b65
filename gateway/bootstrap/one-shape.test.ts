import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compileBootstrap } from './compile-bootstrap.ts';
import { readGatewayEnvironment } from './gateway-environment.ts';
import type { Role } from './gateway-methods.ts';
import { environmentFolder } from './golden.ts';
import { compare, differences, expression } from './testing/differences.ts';

function bootstrap(role: Role, name: string): unknown {
  // A collector is an option on a laptop, reflection and the API's documents are open there, and previews are of the moment.
  const read = readGatewayEnvironment(join(environmentFolder, `${name}.yaml`));
  return compileBootstrap({ role, environment: { ...read, otelCollector: undefined, introspection: undefined, documents: undefined } });
}

test.each(['edge', 'jobs'] as const)("a laptop's %s and production's differ in what is listed, and in nothing else", (role) => {
  const { different, unlisted } = compare(bootstrap(role, 'local'), bootstrap(role, 'production'));
  expect(unlisted).toEqual([]);
  if (role === 'edge') {
    const unused = differences.filter(([path]) => !different.some((one) => expression(path).test(one)));
    expect(unused).toEqual([]);
  }
});
