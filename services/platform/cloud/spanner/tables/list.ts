import type { Filter } from '../../../chassis/api/filter.ts';
import type { ListQuery } from '../../../chassis/api/list-page.ts';
import type { Definition, Querier, Statement, Value } from '../database.ts';
import type { Columns, RowOf } from './columns.ts';
import { compile, type ParameterValues } from './parameters.ts';
import { Query } from './statements.ts';
import type { Selection } from './table.ts';

type Values = Readonly<Record<string, Value>>;

const noFilter: Pick<ListQuery, 'filter' | 'order'> = { filter: undefined, order: { field: '', descending: true } };

/** Pages of a table in the order of a time, of the rows that a filter asks for. */
export class ListStatement<V extends Values, C extends Columns> implements Statement {
  readonly name: string;
  /** Without a filter, newest first. */
  readonly text: string;
  readonly #selection: Selection<C>;
  readonly #where: string;
  readonly #time: keyof C & string;
  readonly #filterable: readonly (keyof C & string)[];

  constructor(
    name: string,
    selection: Selection<C>,
    {
      where,
      time,
      filterable,
    }: { readonly where: string; readonly time: keyof C & string; readonly filterable: readonly (keyof C & string)[] },
  ) {
    this.name = name;
    this.#selection = selection;
    this.#where = where;
    this.#time = time;
    this.#filterable = filterable;
    this.text = compile(this.#written(noFilter).text).text;
  }

  /** The page that a query asks for. Throws as the `all` of a query does. */
  all(querier: Querier, values: V, query: ListQuery): Promise<RowOf<C>[]> {
    const { text, values: filterValues } = this.#written(query);
    const { time, id } = query.after;
    const page = new Query<Values, RowOf<C>>(this.name, text, this.#selection.alone().read);
    return page.all(querier, { ...values, ...filterValues, time, id, limit: query.limit });
  }

  /** Statements of every form that a text of this list can have, for what judges texts. */
  samples(): readonly Statement[] {
    const comparisons = this.#filterable.map(
      (property): Filter => ({ kind: 'comparison', field: fieldOf(property), comparator: '=', value: '' }),
    );
    const both = (kind: 'and' | 'or'): Filter => ({ kind, parts: comparisons });
    const filters: readonly Filter[] =
      comparisons.length === 0 ? [] : [...comparisons, both('and'), both('or'), { kind: 'not', part: both('or') }];
    const queries = [undefined, ...filters].flatMap((filter) =>
      [true, false].map((descending) => ({ filter, order: { field: fieldOf(this.#time), descending } })),
    );
    return queries.map((query, index) => ({
      name: index === 0 ? this.name : `${this.name}.${index}`,
      text: compile(this.#written(query).text).text,
    }));
  }

  #written({ filter, order }: Pick<ListQuery, 'filter' | 'order'>): { readonly text: string; readonly values: Values } {
    const values: Record<string, Value> = {};
    const conditions = [this.#where, ...(filter === undefined ? [] : [this.#condition(filter, values)])].filter(Boolean);
    const time = this.#selection.columns[this.#time]?.name;
    const [beyond, direction] = order.descending ? ['<', 'DESC'] : ['>', 'ASC'];
    // The first of the two is what an index is entered by.
    conditions.push(`${time} ${beyond}= $time AND (${time} ${beyond} $time OR id ${beyond} $id)`);
    const { list } = this.#selection.alone();
    const text = `SELECT ${list} FROM ${this.#selection.from} WHERE ${conditions.join(' AND ')} ORDER BY ${time} ${direction}, id ${direction} LIMIT $limit`;
    return { text, values };
  }

  #condition(filter: Filter, values: Record<string, Value>): string {
    if (filter.kind === 'not') return `NOT (${this.#condition(filter.part, values)})`;
    if (filter.kind !== 'comparison') {
      return `(${filter.parts.map((part) => this.#condition(part, values)).join(filter.kind === 'and' ? ' AND ' : ' OR ')})`;
    }
    const property = this.#filterable.find((candidate) => fieldOf(candidate) === filter.field);
    const column = property === undefined ? undefined : this.#selection.columns[property];
    if (column === undefined) throw new Error(`${this.name} has no column for ${filter.field}`);
    const parameter = `f${Object.keys(values).length}`;
    values[parameter] = column.encode(filter.value);
    return `${column.name} ${filter.comparator === '!=' ? '<>' : filter.comparator} $${parameter}`;
  }
}

/**
 * Pages of a table.
 *
 * @param where what all rows of the list have in common; may be empty.
 * @param time the property of the column that the list is ordered by; the column `id` decides among equal times.
 * @param filterable the properties that a filter may compare: in camel case what the proto has with underscores.
 * @example list(deals, 'partner = $partner', { time: 'createTime', filterable: ['state', 'createTime'] })
 */
export function list<C extends Columns, const T extends string>(
  selection: Selection<C>,
  where: T,
  columns: { readonly time: keyof C & string; readonly filterable: readonly (keyof C & string)[] },
): Definition<ListStatement<ParameterValues<T>, C>> {
  return (name) => new ListStatement(name, selection, { where, ...columns });
}

/** "create_time" for "createTime". */
function fieldOf(property: string): string {
  return property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
