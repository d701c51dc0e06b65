import { protos, type Spanner, type Database as SpannerDatabase } from '@google-cloud/spanner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deniedInDefinition, deniedInStatement } from '../../testing/spanner/spanner-deny-list.ts';
import { type RunningSpanner, spannerTargets, startMigrated } from '../../testing/spanner/spanner-targets.ts';
import { filesWithHiddenStatements, type ListedStatement, listStatements, servicesRoot } from '../../testing/sql-catalogue.ts';
import { readMigrations } from './migrations.ts';
import { connectSpanner } from './spanner-client.ts';

const statements = await listStatements();
const definitions = readMigrations(servicesRoot);

describe('the text of the SQL catalogue', () => {
  test('names every statement once', () => {
    const names = statements.map((statement) => statement.name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test('has every statement that a service defines', () => {
    expect(filesWithHiddenStatements()).toEqual([]);
  });

  test('stays within what Spanner takes', () => {
    expect(statements.flatMap(({ name, text }) => deniedInStatement(text).map((fault) => `${name}: ${fault}`))).toEqual([]);
    expect(
      definitions.flatMap(({ name, statements }) => statements.flatMap(deniedInDefinition).map((fault) => `${name}: ${fault}`)),
    ).toEqual([]);
  });

  // https://cloud.google.com/spanner/quotas#query-limits: the local Spanner does not count joins.
  test('stays within the sizes that Spanner takes', () => {
    const parameters = (text: string) => Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map(([, position]) => Number(position)));
    const joins = (text: string) => text.match(/\bjoin\b/gi)?.length ?? 0;
    const tooLarge = statements.filter(({ text }) => text.length > 1_000_000 || parameters(text) > 950 || joins(text) > 20);
    expect(tooLarge.map(({ name }) => name)).toEqual([]);
  });

  test('names the schema of every table', () => {
    const bare = /\b(?:from|join|into|update|table)\s+(?!\(|\w+\.|if\b|set\b|do\b)(\w+)/i;
    const faults = statements.filter(({ text }) => bare.test(withoutCommonTables(text)) && !/\bunnest\b/i.test(text));
    expect(faults.map(({ name, text }) => `${name}: ${bare.exec(withoutCommonTables(text))?.[0]}`)).toEqual([]);
  });
});

for (const target of spannerTargets) {
  const skipped = target.missing === undefined ? '' : ` (skipped: ${target.missing})`;
  describe.skipIf(target.missing !== undefined)(`${target.name} takes the migrations of every service and${skipped}`, () => {
    let running: RunningSpanner;
    let client: { spanner: Spanner; database: SpannerDatabase };

    beforeAll(async () => {
      running = await startMigrated(target, servicesRoot);
      client = await connectSpanner(running.address);
    });

    afterAll(async () => {
      await client?.database.close();
      client?.spanner.close();
      await running?.close();
    });

    test('plans every statement', async () => {
      const faults: string[] = [];
      for (const statement of statements) {
        const fault = await plan(client.database, statement);
        if (fault !== undefined) faults.push(`${statement.name} (${statement.file}): ${fault}`);
      }
      expect(faults).toEqual([]);
    });

    test('finds a fault by planning', async () => {
      const statement = { name: 'faulty', text: 'SELECT nothing FROM kumiko.migrations WHERE name = $1', file: '' };
      expect(await plan(client.database, statement)).toContain('nothing');
    });
  });
}

/** Has the statement analysed without running it, with its parameters left open. */
async function plan(database: SpannerDatabase, { text }: ListedStatement): Promise<string | undefined> {
  return database.runTransactionAsync(async (transaction) => {
    // A failed first statement would make the client begin another transaction.
    Object.assign(transaction, { begin: () => Promise.resolve() });
    const query = { sql: text, queryMode: protos.google.spanner.v1.ExecuteSqlRequest.QueryMode.PLAN };
    const fault = await transaction.run(query).then(
      () => undefined,
      (error: Error) => error.message,
    );
    await transaction.rollback();
    return fault;
  });
}

/** A WITH query's own names are tables without a schema. */
function withoutCommonTables(text: string): string {
  const names = [...text.matchAll(/\b(?:with|,)\s+(\w+)\s+as\s*\(/gi)].map((match) => match[1]);
  return names.reduce((rest, name) => rest?.replaceAll(new RegExp(`\\b(from|join)\\s+${name}\\b`, 'gi'), ''), text) ?? text;
}
