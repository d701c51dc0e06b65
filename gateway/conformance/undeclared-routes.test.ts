import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileBootstrap } from '../bootstrap/compile-bootstrap.ts';
import { validateBootstrap } from '../bootstrap/validation/validate-bootstrap.ts';
import { type RunningEnvoy, startEnvoy } from '../envoy/start-envoy.ts';
import { environmentOf } from './local-environment.ts';
import { type Surroundings, startSurroundings } from './surroundings.ts';

// A bootstrap that is broken as a fault in the compiler might break it: a public method, a customer's one and what no method has say nothing about tokens,
// another method says nothing about who may call it.
const jwt = 'envoy.filters.http.jwt_authn';
const broken = ['rest/GET/v1/deals/*', 'kumiko.customer.v1.CustomerService.GetDeal', 'rest/GET/v1/profile', 'rest/v1/', 'not-found'];
const open = 'kumiko.customer.v1.CustomerService.ListOrders';

let around: Surroundings;
let envoy: RunningEnvoy;
let bootstrap: object;

beforeAll(async () => {
  around = await startSurroundings();
  const compiled = compileBootstrap({ role: 'edge', environment: environmentOf(around) });
  bootstrap = JSON.parse(JSON.stringify(compiled), (_, value) => {
    if (broken.includes(value?.name)) delete value.typed_per_filter_config?.[jwt];
    if (value?.name === open) delete value.typed_per_filter_config['envoy.filters.http.rbac'];
    return value;
  });
  envoy = await startEnvoy(bootstrap, { folder: around.files.folder });
});

afterAll(async () => {
  await envoy.close();
  await around.close();
});

async function statusOf(path: string, token?: string): Promise<number | undefined> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const sent = request({ port: envoy.ports['edge'], host: '127.0.0.1', path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject).end();
  });
}

test('validation refuses a bootstrap whose routes do not all say what token they need', () => {
  const faults = validateBootstrap(bootstrap, { files: 'unchecked' }).map(({ message }) => message);
  expect(new Set(faults)).toEqual(
    new Set(["each route must name one of jwt_authn's requirements: customer, partner, operator, any, none"]),
  );
});

test.each([
  ['a public method', '/v1/deals/tea'],
  ['a method of customers', '/v1/profile'],
  ['the gRPC path of a method', '/kumiko.customer.v1.CustomerService/GetDeal'],
  ['a path of no method among those of methods', '/v1/nothing'],
  ['any other path', '/nothing'],
])('Envoy refuses everybody on such a route: %s', async (_name, path) => {
  expect(await statusOf(path)).toBe(403);
  expect(await statusOf(path, await around.authority.token({ as: 'customer' }))).toBe(403);
});

// Keys and the gateway's own tokens may not be there yet.
test('Envoy lets nobody call a method whose route does not say who may', async () => {
  const token = await around.authority.token({ as: 'customer' });
  expect(await statusOf('/v1/orders')).toBe(401);
  await expect.poll(() => statusOf('/v1/orders', token)).toBe(403);
});

test('routes that say it go on', async () => {
  const token = await around.authority.token({ as: 'customer' });
  expect(await statusOf('/v1/orders/a')).toBe(401);
  await expect.poll(() => statusOf('/v1/orders/a', token)).toBe(200);
});
