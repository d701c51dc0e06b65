import { errorText } from '../../../contracts/error-text.ts';
import type { Row } from '../database.ts';
import { type Column, type Columns, optional, type RowOf } from './columns.ts';

/** Columns of a query's result: how they stand in its SELECT, and how a row of them is read. */
export interface Part<R> {
  /** Between SELECT and FROM. */
  readonly list: string;
  /** @throws {TypeError} that names the column whose cell is none of its. */
  read(row: Row): R;
}

type Outer<C extends Columns> = { readonly [K in keyof C]: Column<RowOf<C>[K] | undefined> };

/** Some columns of a table. */
export class Selection<C extends Columns> {
  readonly schema: string;
  /** The table's name in its schema. */
  readonly name: string;
  readonly columns: C;

  constructor(schema: string, name: string, columns: C) {
    this.schema = schema;
    this.name = name;
    this.columns = columns;
  }

  /** "<schema>.<table>", as every SQL text has it. */
  get from(): string {
    return `${this.schema}.${this.name}`;
  }

  /** These only. */
  pick<K extends keyof C & string>(...properties: readonly K[]): Selection<Pick<C, K>> {
    return this.#some((property) => properties.some((picked) => picked === property));
  }

  /** All but these. */
  without<K extends keyof C & string>(...properties: readonly K[]): Selection<Omit<C, K>> {
    return this.#some((property) => !properties.some((dropped) => dropped === property));
  }

  /** The columns where the query has one table only. */
  alone(): Part<RowOf<C>> {
    return { list: columnList(this.columns), read: readerOf(this.columns) };
  }

  /** The columns where the query calls the table by an alias, which is a prefix of their names, so that those of joined tables keep apart. */
  as(alias: string): Part<RowOf<C>> {
    const list = Object.values(this.columns).map(({ name }) => `${alias}.${name} AS ${alias}_${name}`);
    return { list: list.join(', '), read: readerOf(this.columns, `${alias}_`) };
  }

  /** `as`, where an outer join may have no row of the table: then each column is undefined. */
  outer(alias: string): Part<RowOf<Outer<C>>> {
    const entries = Object.entries(this.columns).map(([property, column]) => [property, optional(column)]);
    return new Selection<Outer<C>>(this.schema, this.name, Object.fromEntries(entries)).as(alias);
  }

  // The compiler does not follow a filter over an object's entries.
  #some<S extends Columns>(isIn: (property: string) => boolean): Selection<S> {
    const entries = Object.entries(this.columns).filter(([property]) => isIn(property));
    return new Selection(this.schema, this.name, Object.fromEntries(entries) as S);
  }
}

/** A table of a schema, with every column that it has. What its migrations say of it is compared in tables.test.ts. */
export class Table<C extends Columns, K extends keyof C & string = keyof C & string> extends Selection<C> {
  /** The properties that make the primary key. */
  readonly key: readonly K[];

  constructor(schema: string, name: string, key: readonly K[], columns: C) {
    super(schema, name, columns);
    this.key = key;
  }
}

/**
 * Defines a table.
 *
 * @example
 *   const leases = table('job', 'leases', {
 *     key: ['job'],
 *     columns: { job: text('job'), holder: text('holder'), expireTime: timestamp('expire_time') },
 *   });
 */
export function table<const C extends Columns, const K extends keyof C & string>(
  schema: string,
  name: string,
  { key, columns }: { readonly key: readonly K[]; readonly columns: C },
): Table<C, K> {
  return new Table(schema, name, key, columns);
}

/** "id, display_name, …" */
export function columnList(columns: Columns): string {
  return Object.values(columns)
    .map(({ name }) => name)
    .join(', ');
}

/** Reads the cells whose names are those of the columns behind a prefix. */
export function readerOf<C extends Columns>(columns: C, prefix = ''): (row: Row) => RowOf<C> {
  const cells = Object.entries(columns).map(([property, column]) => ({ property, column, cell: prefix + column.name }));
  // A copy of what JSON.parse made has the properties of an object literal; one that got them one by one would be a dictionary, and slow wherever it is used.
  const blank: Record<string, unknown> = JSON.parse(JSON.stringify(Object.fromEntries(cells.map(({ property }) => [property, null]))));
  return (row) => {
    const read = { ...blank };
    for (const { property, column, cell } of cells) {
      try {
        read[property] = column.decode(row[cell]);
      } catch (error) {
        throw new TypeError(`column ${cell} ${errorText(error)}`, { cause: error });
      }
    }
    // It has a property for each column, of what the column's codec returned.
    return read as RowOf<C>;
  };
}
