import { errorText } from '../../../contracts/error-text.ts';
import type { Definition, Querier, Row, Statement, Value, Write } from '../database.ts';
import type { Columns, RowOf } from './columns.ts';
import { compile, type ParameterNames, type ParameterValues } from './parameters.ts';
import { columnList, type Part, readerOf, type Selection, type Table } from './table.ts';

/**
 * The hint that has a read take the exclusive lock of what it reads. For read-modify-write: it keeps concurrent writers in line instead of aborting them at
 * the upgrade of their locks.
 */
export const exclusive = '/*@ lock_scanned_ranges=exclusive */';

/** SQL expressions by the property of the column that they are for, with named parameters. */
type Expressions<C extends Columns> = { readonly [K in keyof C]?: string };
type NoExpressions = Readonly<Record<never, never>>;

/** The parameters in expressions that are no columns of the table. */
type FreeValues<C extends Columns, E> = { readonly [P in Exclude<ParameterNames<E[keyof E] & string>, keyof C>]: Value };

/** A value for each column; what may be null may be left out. */
type NewRow<C extends Columns> = {
  readonly [K in keyof C as undefined extends RowOf<C>[K] ? never : K]: RowOf<C>[K];
} & { readonly [K in keyof C as undefined extends RowOf<C>[K] ? K : never]?: RowOf<C>[K] };

/** What the named parameters of a text are encoded by. */
interface Encoder {
  encode(value: unknown): Value;
}

/** A statement whose parameters have names. */
class Named implements Statement {
  readonly name: string;
  readonly text: string;
  readonly #parameters: readonly { readonly name: string; readonly encoder: Encoder }[];

  constructor(name: string, text: string, columns: Columns) {
    const compiled = compile(text);
    this.name = name;
    this.text = compiled.text;
    this.#parameters = compiled.names.map((parameter) => ({ name: parameter, encoder: columns[parameter] ?? asItIs }));
  }

  protected encode(values: Readonly<Record<string, unknown>>): Value[] {
    return this.#parameters.map(({ name, encoder }) => encoder.encode(values[name]));
  }
}

const asItIs = {
  encode(value: Value | undefined): Value {
    if (value === undefined) throw new TypeError('an SQL parameter has no value: null is written as null');
    return value;
  },
};

/** A query with the reader of its rows. */
export class Query<V extends Readonly<Record<string, Value>>, R> extends Named {
  readonly #read: (row: Row) => R;

  constructor(name: string, text: string, read: (row: Row) => R) {
    super(name, text, {});
    this.#read = read;
  }

  /**
   * Every row.
   *
   * @throws {DatabaseError}
   * @throws {TypeError} where a cell is none of its column's.
   */
  async all(querier: Querier, values: V): Promise<R[]> {
    const rows = await querier.query(this, this.encode(values));
    return rows.map((row) => this.#decode(row));
  }

  /** The first row, if there is one. Throws as `all` does. */
  async first(querier: Querier, values: V): Promise<R | undefined> {
    const [row] = await querier.query(this, this.encode(values));
    return row && this.#decode(row);
  }

  #decode(row: Row): R {
    try {
      return this.#read(row);
    } catch (error) {
      throw new TypeError(`${this.name}: ${errorText(error)}`, { cause: error });
    }
  }
}

/** A statement that changes rows. */
export class Change<V extends Readonly<Record<string, unknown>>> extends Named {
  /** The statement with its values, for `execute(...write)` or as one of a `batch`. */
  with(values: V): Write {
    return [this, this.encode(values)];
  }
}

/** A query as it is written, whose result has these columns. */
export function query<const C extends Columns, const T extends string>(
  columns: C,
  text: T,
): Definition<Query<ParameterValues<T>, RowOf<C>>> {
  const read = readerOf(columns);
  return (name) => new Query(name, text, read);
}

/**
 * Rows of one table.
 *
 * @param rest what follows the table's name.
 * @example select(deals, 'WHERE id = $deal', exclusive)
 */
export function select<C extends Columns, const T extends string>(
  selection: Selection<C>,
  rest: T,
  hint?: typeof exclusive,
): Definition<Query<ParameterValues<T>, RowOf<C>>> {
  const { list, read } = selection.alone();
  return (name) => new Query(name, `${hinted(hint)}SELECT ${list} FROM ${selection.from} ${rest}`, read);
}

/**
 * Rows of joined tables, each part of a row under a name of its own.
 *
 * @param from the whole FROM, with the aliases that the parts have, and what follows it.
 * @example join({ order: orders.as('o'), group: groups.as('g') }, 'FROM customer.orders o JOIN customer.groups g ON g.id = o.group_id')
 */
export function join<P extends Readonly<Record<string, unknown>>, const T extends string>(
  parts: { readonly [K in keyof P]: Part<P[K]> },
  from: T,
  hint?: typeof exclusive,
): Definition<Query<ParameterValues<T>, P>> {
  const named: readonly (readonly [string, Part<unknown>])[] = Object.entries(parts);
  const list = named.map(([, part]) => part.list).join(', ');
  // It has what each part's reader returned, under the part's name.
  const read = (row: Row) => Object.fromEntries(named.map(([property, part]) => [property, part.read(row)])) as P;
  return (name) => new Query(name, `${hinted(hint)}SELECT ${list} ${from}`, read);
}

/**
 * Inserts a row with every column of the table.
 *
 * @param expressions what a column gets that is no parameter; `$name` in it is the row's value of that name, or else one more parameter.
 * @param unlessThere whether a row with the same key stays as it is: then the statement changes 0 rows.
 */
export function insert<C extends Columns, const E extends Expressions<C> = NoExpressions>(
  table: Table<C, keyof C & string>,
  { expressions, unlessThere = false }: { readonly expressions?: E; readonly unlessThere?: boolean } = {},
): Definition<Change<NewRow<Omit<C, keyof E>> & FreeValues<C, E>>> {
  const written: Expressions<C> = expressions ?? {};
  const values = Object.keys(table.columns).map((property) => written[property] ?? `$${property}`);
  const conflict = unlessThere ? ` ON CONFLICT (${keyColumns(table).join(', ')}) DO NOTHING` : '';
  const text = `INSERT INTO ${table.from} (${columnList(table.columns)}) VALUES (${values.join(', ')})${conflict}`;
  return (name) => new Change(name, text, table.columns);
}

/**
 * Updates some columns of the row with a key.
 *
 * @param expressions what more columns become, behind the others; `$name` in it is the column's new value, or else one more parameter.
 * @example update(partners, ['state']) // UPDATE partner.partners SET state = $1 WHERE id = $2
 */
export function update<
  C extends Columns,
  K extends keyof C & string,
  S extends keyof C & string,
  const E extends Expressions<C> = NoExpressions,
>(
  table: Table<C, K>,
  set: readonly S[],
  expressions?: E,
): Definition<Change<RowOf<Pick<C, K | S | (keyof C & ParameterNames<E[keyof E] & string>)>> & FreeValues<C, E>>> {
  const written: Expressions<C> = expressions ?? {};
  const assignments = [...set.map((property) => [property, `$${property}`] as const), ...Object.entries(written)].map(
    ([property, value]) => `${table.columns[property]?.name} = ${value}`,
  );
  const key = table.key.map((property) => `${table.columns[property]?.name} = $${property}`);
  const text = `UPDATE ${table.from} SET ${assignments.join(', ')} WHERE ${key.join(' AND ')}`;
  return (name) => new Change(name, text, table.columns);
}

/** DML as it is written. */
export function dml<const T extends string>(text: T): Definition<Change<ParameterValues<T>>> {
  return (name) => new Change(name, text, {});
}

function keyColumns({ key, columns }: Table<Columns>): string[] {
  return key.map((property) => columns[property]?.name ?? property);
}

function hinted(hint: string | undefined): string {
  return hint === undefined ? '' : `${hint} `;
}
