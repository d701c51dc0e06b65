import { expect, test } from 'vitest';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { previewPlan } from './preview-plan.ts';

const file = (path: string, text = '', isNew = false) => ({ path, text, isNew });
const servicesOf = (...paths: string[]) => previewPlan(paths.map((path) => file(path))).services;

test('a change of services, or of their protos, is theirs alone', () => {
  expect(servicesOf('services/partner/service.ts', 'proto/kumiko/customer/v1/customer.proto')).toEqual(['customer', 'partner']);
});

test.each([
  'services/platform/chassis/server/server.ts',
  'package-lock.json',
  'proto/kumiko/platform/v1/options.proto',
  'proto/kumiko/event/v1/event.proto',
  'deploy/docker/services.Dockerfile',
  'tsconfig.json',
])('a change of %s is of every service', (path) => expect(servicesOf(path)).toEqual(serviceNames));

test('what no image has in it is of none', () => {
  expect(
    servicesOf(
      'docs/architecture.md',
      'README.md',
      'gateway/bootstrap/routes/routes.ts',
      'tests/preview.test.ts',
      'services/partner/service.test.ts',
      'deploy/infra/main.ts',
      '.github/workflows/check.yml',
    ),
  ).toEqual([]);
});

const migration = 'services/partner/migrations/009-more.sql';

test.each([
  'CREATE TABLE IF NOT EXISTS partner.more (id text PRIMARY KEY, name text NOT NULL);',
  'ALTER TABLE partner.deals ADD COLUMN IF NOT EXISTS note text;',
  "ALTER TABLE partner.deals ADD COLUMN note text NOT NULL DEFAULT '';",
  'CREATE INDEX IF NOT EXISTS more_by_name ON partner.more (name); -- DROP nothing',
])('a migration that only adds is let through: %s', (sql) => expect(previewPlan([file(migration, sql, true)]).faults).toEqual([]));

test.each([
  ['DROP TABLE partner.deals;', 'drops'],
  ['ALTER TABLE partner.deals DROP COLUMN note;', 'drops'],
  ['ALTER TABLE partner.deals ALTER COLUMN note TYPE bigint;', 'alters'],
  ['ALTER TABLE partner.deals ADD COLUMN note text NOT NULL;', 'leaves empty'],
  ['ALTER TABLE partner.deals ADD CONSTRAINT short CHECK (id <> note);', 'constraint'],
  ['alter table partner.deals rename to offers;', 'renames'],
])('one that the default revision could not live with is refused by name: %s', (sql, why) => {
  expect(previewPlan([file(migration, sql, true)]).faults).toEqual([expect.stringMatching(new RegExp(`^${migration}: .*${why}`))]);
});

test('a migration that is there already must not change', () => {
  expect(previewPlan([file(migration, '', false)]).faults).toEqual([expect.stringContaining('add another one')]);
});
