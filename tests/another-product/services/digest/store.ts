import { defineStatements } from '../../../../services/platform/cloud/spanner/database.ts';
import { bigint, text } from '../../../../services/platform/cloud/spanner/tables/columns.ts';
import { insert, query } from '../../../../services/platform/cloud/spanner/tables/statements.ts';
import { table } from '../../../../services/platform/cloud/spanner/tables/table.ts';

/** Notes that were measured. */
const measured = table('digest', 'measured', { key: ['note'], columns: { note: text('note'), letters: bigint('letters') } });

/** Every SQL text of the digest service. */
export const statements = defineStatements('digest', {
  insertMeasured: insert(measured),
  total: query(
    { notes: bigint('notes'), letters: bigint('letters') },
    'SELECT count(*) AS notes, CAST(coalesce(sum(letters), 0) AS bigint) AS letters FROM digest.measured',
  ),
});
