import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readMigrations } from '../../services/platform/cloud/spanner/migrations.ts';
import type { ServiceList } from '../../services/platform/contracts/services.ts';
import type { Changes } from './changes.ts';
import { newMethod } from './method.ts';
import { newMigration } from './migration.ts';
import { type Product, readProduct, root } from './product.ts';
import { newService } from './service.ts';
import { newTrigger } from './trigger.ts';

const copied = ['proto', 'services', 'gateway', 'deploy', 'buf.yaml', 'buf.gen.yaml', 'package.json', 'package-lock.json', 'tsconfig.json'];
const left = new Set(['node_modules', 'gen', 'golden', 'infra', 'build', '.kumiko']);

let copy: string;
let product: Product;

const read = (path: string) => readFileSync(join(copy, path), 'utf8');
const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: copy, encoding: 'utf8', stdio: 'pipe' });
const bin = (name: string) => join(copy, 'node_modules/.bin', name);

beforeAll(async () => {
  copy = mkdtempSync(join(tmpdir(), 'kumiko-new-'));
  for (const name of copied) cpSync(join(root, name), join(copy, name), { recursive: true, filter: (path) => !left.has(basename(path)) });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  product = await readProduct();
  const method = (service: string, name: string, verb: string, path: string, access: string, grpcService?: string): Changes =>
    newMethod(product, { service, name, verb, path, access, grpcService, deadline: undefined });
  // One for each file that is changed: they know nothing of each other.
  const made = [
    newService(product, 'zebras', 'zebra-stripe'),
    method('customer', 'CountZebras', 'GET', '/v1/{name=deals/*}/zebras', 'customer'),
    method('webhook', 'ForgetZebra', 'DELETE', '/v1/operator/providers/{provider}/zebras/{zebra_id=**}', 'operator', 'WebhookAdminService'),
    method('partner', 'RateZebra', 'POST', '/v1/partner/{name=zebras/*}:rate', 'partner'),
    await newTrigger(product, { service: 'job', name: 'WakeZebras', kind: 'schedule', rest: ['*/5 * * * *'], grpcService: undefined }),
    await newTrigger(product, {
      ...{ service: 'webhook', name: 'HearZebras', kind: 'subscription' },
      ...{ rest: ['deal-events', 'order-events'], grpcService: undefined },
    }),
    newMigration(product, 'customer', 'add-zebras'),
  ];
  for (const changes of made) changes.write(copy);
  run(process.execPath, 'services/platform/contracts/build.ts');
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe('what is made', () => {
  test('is read as a product with the new service and its route', () => {
    const { services } = JSON.parse(read('services/platform/contracts/gen/services.json')) as ServiceList;
    const zebras = services.find(({ name }) => name === 'zebras');
    expect(zebras?.grpcServices.flatMap(({ methods }) => methods.map(({ name, rest }) => [name, rest?.path]))).toEqual([
      ['GetZebraStripe', '/v1/{name=zebraStripes/*}'],
      ['ListZebraStripes', '/v1/zebraStripes'],
    ]);
    expect(services.find(({ name }) => name === 'webhook')?.maintains).toBe(false);
  });

  test('is linted and formatted', () => {
    expect(run(bin('buf'), 'lint')).toBe('');
    expect(run(bin('buf'), 'format', '--diff', '--exit-code', 'proto')).toBe('');
  });

  test('compiles', () => {
    const tsconfig = JSON.parse(read('tsconfig.json')) as Record<string, unknown>;
    const include = ['services/zebras', 'services/customer', 'services/webhook', 'services/partner', 'services/job'];
    writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify({ ...tsconfig, include }));
    expect(run(bin('tsc'))).toBe('');
  });

  test('has a policy, validated fields and an idempotency for each verb', () => {
    expect(read('proto/kumiko/customer/v1/customer.proto')).toContain(`  rpc CountZebras(CountZebrasRequest) returns (CountZebrasResponse) {
    option (google.api.http) = {get: "/v1/{name=deals/*}/zebras"};
    option (kumiko.platform.v1.method) = {
      access: ACCESS_CUSTOMER
      deadline: {seconds: 5}
    };
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}
`);
    const admin = read('proto/kumiko/webhook/v1/admin.proto');
    expect(admin).toContain('string provider = 1 [\n    (google.api.field_behavior) = REQUIRED,');
    expect(admin).toContain('"^[a-z0-9/-]{1,256}$"');
    const partner = read('proto/kumiko/partner/v1/partner.proto');
    expect(partner.slice(partner.indexOf('rpc RateZebra'), partner.indexOf('rpc RateZebra') + 350)).not.toContain('idempotency_level');
  });

  test('has a handler that answers UNIMPLEMENTED, a test and a line in the README', () => {
    expect(read('services/webhook/admin-service.ts')).toContain("async forgetZebra() {\n      throw unimplemented('ForgetZebra');");
    expect(read('services/webhook/forget-zebra.test.ts')).toContain("forgetZebra({ provider: 'a1', zebraId: 'a1' })");
    const readme = read('services/job/README.md');
    expect(readme.slice(0, readme.indexOf('\n## ', readme.indexOf('## Methods') + 1))).toContain('/v1/schedules/wake-zebras');
  });

  test('has sizes in each environment', () => {
    for (const file of readdirSync(join(copy, 'deploy/environments')).filter((name) => name.endsWith('.yaml'))) {
      const { instances } = parse(read(`deploy/environments/${file}`)) as { instances: Record<string, { max: number }> };
      expect(Object.keys(instances).at(-1)).toBe('zebras');
    }
  });

  test('has migrations in their order, the new one with a statement that no database takes', () => {
    const all = readMigrations(join(copy, 'services'));
    expect(all.find(({ name }) => name === 'zebras/001-initial.sql')?.statements.length).toBe(9);
    const next = all.filter(({ name }) => name.startsWith('customer/')).at(-1);
    expect(next?.name).toMatch(/^customer\/\d{3}-add-zebras\.sql$/);
    expect(next?.statements).toEqual(['ALTER TABLE customer.<table> ADD COLUMN IF NOT EXISTS <column> <type>']);
  });
});

test('where a file cannot be written, nothing is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-new-'));
  // A file in the place of a folder.
  writeFileSync(join(folder, 'services'), '');
  expect(() => newService(product, 'zebras').write(folder)).toThrow(/nothing is written: .*services/);
  expect(readdirSync(folder)).toEqual(['services']);
  expect(existsSync(join(folder, 'proto'))).toBe(false);
  rmSync(folder, { recursive: true });
});
