import type { Comparison, Filter } from '../../../chassis/api/filter.ts';
import type { ListQuery } from '../../../chassis/api/list-page.ts';
import type { Order } from '../../../chassis/api/order-by.ts';
import type { Definition, Querier, Statement, Value } from '../database.ts';
import type { Column, Columns, RowOf } from './columns.ts';
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
      (property): Comparison => ({ kind: 'comparison', field: fieldOf(property), comparator: '=', value: '' }),
    );
    const both = (kind: 'and' | 'or'): Filter => ({ kind, parts: comparisons });
    const twice = comparisons.map((comparison): Filter => ({ kind: 'or', parts: [comparison, { ...comparison, value: '-' }] }));
    const filters: readonly Filter[] =
      comparisons.length === 0 ? [] : [...comparisons, ...twice, both('and'), both('or'), { kind: 'not', part: both('or') }];
    const order = { field: fieldOf(this.#time), descending: true };
    const queries = [
      { filter: undefined, order },
      { filter: undefined, order: { ...order, descending: false } },
      ...filters.map((filter) => ({ filter, order })),
    ];
    return queries.map((query, index) => ({
      name: index === 0 ? this.name : `${this.name}.${index}`,
      text: compile(this.#written(query).text).text,
    }));
  }

  #written({ filter, order }: Pick<ListQuery, 'filter' | 'order'>): { readonly text: string; readonly values: Values } {
    const values: Record<string, Value> = {};
    const direction = order.descending ? 'DESC' : 'ASC';
    const inOrder = `ORDER BY ${this.#selection.columns[this.#time]?.name} ${direction}, id ${direction} LIMIT $limit`;
    const [first, ...others] = alternativesOf(filter).map((each) => `${this.#select(each, order, values)} ${inOrder}`);
    if (first === undefined || others.length === 0) return { text: first ?? '', values };
    const { list } = this.#selection.alone();
    const union = [first, ...others].map((text) => `(${text})`).join(' UNION ALL ');
    return { text: `SELECT ${list} FROM (${union}) AS page ${inOrder}`, values };
  }

  #select(filter: Filter | undefined, order: Order, values: Record<string, Value>): string {
    const conditions = [this.#where, ...(filter === undefined ? [] : [this.#condition(filter, values)])].filter(Boolean);
    const time = this.#selection.columns[this.#time]?.name;
    const beyond = order.descending ? '<' : '>';
    // The first of the two is what an index is entered by.
    conditions.push(`${time} ${beyond}= $time AND (${time} ${beyond} $time OR id ${beyond} $id)`);
    return `SELECT ${this.#selection.alone().list} FROM ${this.#selection.from} WHERE ${conditions.join(' AND ')}`;
  }

  #condition(filter: Filter, values: Record<string, Value>): string {
    if (filter.kind === 'not') return `NOT (${this.#condition(filter.part, values)})`;
    if (filter.kind !== 'comparison') {
      return `(${filter.parts.map((part) => this.#condition(part, values)).join(filter.kind === 'and' ? ' AND ' : ' OR ')})`;
    }
    const column = this.#column(filter.field);
    const parameter = `f${Object.keys(values).length}`;
    values[parameter] = column.encode(filter.value);
    return `${column.name} ${filter.comparator === '!=' ? '<>' : filter.comparator} $${parameter}`;
  }

  #column(field: string): Column<unknown> {
    const property = this.#filterable.find((candidate) => fieldOf(candidate) === field);
    const column = property === undefined ? undefined : this.#selection.columns[property];
    if (column === undefined) throw new Error(`${this.name} has no column for ${field}`);
    return column;
  }
}

/**
 * A filter as one or more that no row is in two of. Where a field may be one of several texts, each of them is a search of its own: an index has the rows of one
 * text in the list's order, and of several would have to sort all that there are for the first page.
 */
function alternativesOf(filter: Filter | undefined): readonly (Filter | undefined)[] {
  if (filter?.kind === 'or' && isOneOfTexts(filter.parts)) return distinct(filter.parts);
  if (filter?.kind !== 'and') return [filter];
  const index = filter.parts.findIndex((part) => part.kind === 'or' && isOneOfTexts(part.parts));
  const alternatives = alternativesOf(filter.parts[index]);
  if (index < 0) return [filter];
  return alternatives.map((each) => ({ kind: 'and', parts: [...filter.parts.toSpliced(index, 1), ...(each === undefined ? [] : [each])] }));
}

function isOneOfTexts(parts: readonly Filter[]): parts is readonly Comparison[] {
  const fields = new Set(
    parts.map((part) => (part.kind === 'comparison' && part.comparator === '=' && typeof part.value === 'string' ? part.field : undefined)),
  );
  return fields.size === 1 && !fields.has(undefined);
}

function distinct(comparisons: readonly Comparison[]): readonly Comparison[] {
  return [...new Map(comparisons.map((comparison) => [comparison.value, comparison])).values()];
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
