import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { databaseGrants } from './database-grants.ts';

const services = join(import.meta.dirname, '../../services');

test.each(serviceNames)('the role of %s works on every table of its schema and on no other', (schema) => {
  const [usage, tables] = databaseGrants().filter((statement) => statement.endsWith(` TO kumiko_${schema}`));
  expect(usage).toBe(`GRANT USAGE ON SCHEMA ${schema} TO kumiko_${schema}`);
  const sql = globSync(`${schema}/migrations/*.sql`, { cwd: services }).map((file) => readFileSync(join(services, file), 'utf8'));
  const made = sql.flatMap((text) => [...text.matchAll(/^CREATE TABLE IF NOT EXISTS (\S+)/gm)].map(([, table]) => table!));
  const granted = /^GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE (.*) TO /.exec(tables!)?.[1]?.split(', ');
  expect(granted?.toSorted()).toEqual(made.toSorted());
  expect(granted?.every((table) => table.startsWith(`${schema}.`))).toBe(true);
});

test('a table that a later migration drops is left out', () => {
  const statements = ['CREATE TABLE IF NOT EXISTS job.a (id text)', 'CREATE TABLE job.b (id text)', 'DROP TABLE job.a'];
  expect(databaseGrants([{ name: 'job/001-x.sql', fingerprint: '', statements }])).toEqual([
    'GRANT USAGE ON SCHEMA job TO kumiko_job',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE job.b TO kumiko_job',
  ]);
});
