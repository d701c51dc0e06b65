import { invalidArgument } from '../errors/rpc-error.ts';

/** What a list is ordered by: one field, and among what is the same there the id, in the same direction. */
export interface Order {
  /** By its name in the proto. */
  readonly field: string;
  readonly descending: boolean;
}

/**
 * Reads `order_by` (AIP-132, https://google.aip.dev/132#ordering): a field, "desc" behind it turns it round. Of the fields that an index keeps in order a list
 * has one, so there is no list of them.
 *
 * @param standard what an empty one means; its field is the one that may be named.
 * @throws {RpcError} INVALID_ARGUMENT with the position of what is wrong, counted in characters from 1.
 */
export function parseOrderBy(text: string, standard: Order): Order {
  if (text.trim() === '') return standard;
  const [, lead = '', field = '', gap = '', direction = '', rest = ''] = /^(\s*)(\S*)(\s*)(\S*)\s*(.*)$/s.exec(text.trimEnd()) ?? [];
  const accepted = `accepted are "${standard.field}" and "${standard.field} desc"`;
  if (field !== standard.field) throw refused(lead.length + 1, `“${field}” is no order of this list: ${accepted}`);
  const at = lead.length + field.length + gap.length + 1;
  if ((direction !== '' && direction !== 'desc') || rest !== '')
    throw refused(at, `“${direction}${rest}” does not belong here: ${accepted}`);
  return { field, descending: direction === 'desc' };
}

function refused(at: number, what: string) {
  return invalidArgument(`order_by, character ${at}: ${what}`, [{ field: 'order_by', description: `character ${at}: ${what}` }]);
}
