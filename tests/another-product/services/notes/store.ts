import { defineStatements } from '../../../../services/platform/cloud/spanner/database.ts';
import { text, timestamp } from '../../../../services/platform/cloud/spanner/tables/columns.ts';
import { list } from '../../../../services/platform/cloud/spanner/tables/list.ts';
import { insert, select } from '../../../../services/platform/cloud/spanner/tables/statements.ts';
import { table } from '../../../../services/platform/cloud/spanner/tables/table.ts';

/** The notes. */
const notes = table('notes', 'notes', {
  key: ['id'],
  columns: { id: text('id'), author: text('author'), body: text('body'), createTime: timestamp('create_time') },
});

/** Every SQL text of the notes service. */
export const statements = defineStatements('notes', {
  insertNote: insert(notes),
  selectNote: select(notes, 'WHERE id = $id'),
  listNotes: list(notes, '', { time: 'createTime', filterable: ['createTime'] }),
});
