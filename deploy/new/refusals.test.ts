import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { UsageError } from '../../services/platform/tools/command-line.ts';
import { Changes } from './changes.ts';
import { newMethod } from './method.ts';
import { newMigration } from './migration.ts';
import { Mistake } from './mistake.ts';
import { pluralOf, singularOf } from './names.ts';
import { type Product, readProduct, root } from './product.ts';
import { newService } from './service.ts';
import { newTrigger } from './trigger.ts';

let product: Product;
beforeAll(async () => {
  product = await readProduct();
});

/** Its message, with whether the usage is told as well. */
async function refusal(make: () => unknown): Promise<string> {
  try {
    await make();
  } catch (error) {
    if (error instanceof UsageError) return `usage: ${error.message}`;
    if (error instanceof Mistake) return error.message;
    throw error;
  }
  return 'made';
}

describe('a service is refused', () => {
  test.each([
    ['customer', undefined, 'there is a service "customer"'],
    ['Reviews', undefined, 'usage: "Reviews" cannot be the name of a service'],
    ['gift-cards', undefined, 'usage: "gift-cards" cannot be the name of a service'],
    ['../x', undefined, 'usage: "../x" cannot be the name of a service'],
    ['', undefined, 'usage: "" cannot be the name of a service'],
    ['order', undefined, 'usage: "order" cannot be the name of a service: it is a word of SQL'],
    ['platform', undefined, 'usage: "platform" cannot be the name of a service: the platform has'],
    ['a'.repeat(24), undefined, 'cannot be the name of a service'],
    ['zebras', 'Zebra', 'usage: "Zebra" cannot be the name of a resource'],
    ['zebras', 'request', 'usage: "request" cannot be the name of a resource: its table would be called "requests"'],
    ['zebras', 'deal', 'GET /v1/{name=deals/*} is the route of kumiko.customer.v1.CustomerService/GetDeal'],
  ])('%s, %s', async (name, resource, message) => {
    expect(await refusal(() => newService(product, name, resource))).toContain(message);
  });
});

describe('a method is refused', () => {
  const method = { service: 'customer', name: 'GetZebras', verb: 'GET', path: '/v1/zebras', access: 'public', deadline: undefined };
  test.each<[string, Partial<Parameters<typeof newMethod>[1]>]>([
    ['made', {}],
    ['there is no service "nobody": there are ', { service: 'nobody' }],
    ['usage: "getZebras" cannot be the name of a method', { name: 'getZebras' }],
    ['usage: "Get-Zebras" cannot be the name of a method', { name: 'Get-Zebras' }],
    ['usage: "ToString" cannot be the name of a method', { name: 'ToString' }],
    ['kumiko.customer.v1.CustomerService has a method "GetDeal" already', { name: 'GetDeal' }],
    ['has a message "ApplyEventRequest" already', { name: 'ApplyEvent' }],
    [
      '"customer" has no gRPC service "AdminService": name one of CustomerService, CustomerAdminService, CustomerInternalService',
      { grpcService: 'AdminService' },
    ],
    ['usage: "FETCH" is not a verb of google.api.http: there are GET, PUT, POST, DELETE, PATCH', { verb: 'FETCH' }],
    ['usage: "v1/zebras" cannot be a path: it begins with the version', { path: 'v1/zebras' }],
    ['usage: "/v1//stats" cannot be a path', { path: '/v1//stats' }],
    ['usage: "/v1/zebras?x=1" cannot be a path', { path: '/v1/zebras?x=1' }],
    ['usage: "/v1/{name=deals/*" cannot be a path', { path: '/v1/{name=deals/*' }],
    ['usage: "/v1/{a}/x/{a}" has the variable "a" twice', { path: '/v1/{a}/x/{a}' }],
    ['"deal.name" is a field within a field', { path: '/v1/{deal.name=deals/*}/stats' }],
    ['GET /v1/{id=deals/*} is the route of kumiko.customer.v1.CustomerService/GetDeal', { path: '/v1/{id=deals/*}' }],
    ['POST /v1/tasks/release-hold is the route of kumiko.job.v1.JobService/ReleaseHold', { verb: 'POST', path: '/v1/tasks/release-hold' }],
    [
      'usage: nobody may call a method that does not say who may: --access is one of public, customer, partner, operator',
      { access: undefined },
    ],
    ['usage: "root" is nobody', { access: 'root' }],
    ['usage: "5m" cannot be a deadline', { deadline: '5m' }],
    ['usage: "0s" cannot be a deadline', { deadline: '0s' }],
  ])('%s', async (message, changed) => {
    expect(await refusal(() => newMethod(product, { ...method, grpcService: undefined, ...changed }))).toContain(message);
  });
});

describe('a trigger is refused', () => {
  test.each<[string, string, string, string[]]>([
    ['usage: "timer" is no kind of trigger: there are schedule, queue and subscription', 'CountZebras', 'timer', []],
    ['usage: a schedule has a time', 'CountZebras', 'schedule', []],
    ['usage: "* * * * * *" is no schedule (not five fields)', 'CountZebras', 'schedule', ['* * * * * *']],
    ['usage: "61 * * * *" is no schedule', 'CountZebras', 'schedule', ['61 * * * *']],
    ['the schedule "relay-outbox" is that of kumiko.job.v1.JobService/RelayOutbox', 'RelayOutbox', 'schedule', ['* * * * *']],
    ['the queue "void-payment" is that of kumiko.job.v1.JobService/VoidPayment', 'VoidPayment', 'queue', []],
    ['usage: a queue takes nothing more: "fast"', 'CountZebras', 'queue', ['fast']],
    ['usage: a subscription has topics: there are', 'CountZebras', 'subscription', []],
    ['nobody publishes to "news": there are', 'CountZebras', 'subscription', ['news']],
    ['usage: the topic "deal-events" is named twice', 'CountZebras', 'subscription', ['deal-events', 'deal-events']],
    ['the subscription "job-deal-events" is that of kumiko.job.v1.JobService/HandleEvent', 'CountZebras', 'subscription', ['deal-events']],
  ])('%s', async (message, name, kind, rest) => {
    expect(await refusal(() => newTrigger(product, { service: 'job', name, kind, rest, grpcService: undefined }))).toContain(message);
  });
});

describe('a migration is refused', () => {
  test.each([
    ['usage: "Add_Rating" cannot be the name of a migration', 'job', 'Add_Rating'],
    ['there is no service "nobody": there are ', 'nobody', 'add-zebras'],
    ['services/job/migrations/001-initial.sql has the number 001: the next one is', 'job', '001-add-zebras'],
    ['a migration 900 would leave a gap: the next one is', 'job', '900-add-zebras'],
    ['services/job/migrations/002-leases.sql has this name', 'job', 'leases'],
  ])('%s', async (message, service, name) => {
    expect(await refusal(() => newMigration(product, service, name))).toContain(message);
  });
});

test('a file that exists is refused', () => {
  expect(() => new Changes(root).create('services/job/service.ts', '')).toThrow('services/job/service.ts exists');
});

describe('the command line', () => {
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['deploy/new/main.ts', ...args], { cwd: root, encoding: 'utf8' });
    return { status, stdout, stderr };
  };

  test('has help', () => {
    expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('npm run new -- service NAME'), stderr: '' });
  });

  test.each([
    ['nothing to make is named'],
    ['"thing" is nothing that can be made', 'thing'],
    ['"method" is not told enough: customer', 'method', 'customer'],
    ['"service" is told too much: more', 'service', 'reviews', 'more'],
    ['"service" has no option --access', 'service', 'reviews', '--access', 'public'],
    ["Unknown option '--force'", 'service', 'reviews', '--force'],
    ['"Reviews" cannot be the name', 'service', 'Reviews'],
  ])('tells the usage where it means nothing: %s', (message, ...args) => {
    const { status, stderr } = run(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain('usage:');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('refuses what exists in one line', () => {
    expect(run('service', 'customer')).toEqual({ status: 1, stdout: '', stderr: 'there is a service "customer"\n' });
  });
});

test.each([
  ['review', 'reviews'],
  ['company', 'companies'],
  ['box', 'boxes'],
  ['address', 'addresses'],
  ['day', 'days'],
])('%s and %s are one and many', (one, many) => {
  expect([pluralOf(one), singularOf(many)]).toEqual([many, one]);
});
