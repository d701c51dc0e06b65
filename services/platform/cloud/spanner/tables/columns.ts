import type * as z from 'zod';
import type { Value } from '../database.ts';

/** A column's type, by the name that information_schema has for it. */
type SqlType = 'bigint' | 'bytea' | 'jsonb' | 'text' | 'timestamp with time zone';

/** A column, and how its values travel. */
export interface Column<T> {
  readonly name: string;
  readonly type: SqlType;
  readonly nullable: boolean;
  encode(value: T): Value;
  /** @throws {TypeError} for a cell that is none of the column's, with what is wrong about it and without its value. */
  decode(cell: unknown): T;
}

/** Columns by the property that holds their value. */
export type Columns = Readonly<Record<string, Column<unknown>>>;

/** What a row of these columns is read as. */
export type RowOf<C extends Columns> = { readonly [K in keyof C]: C[K] extends Column<infer T> ? T : never };

export function text(name: string): Column<string> {
  return plain(name, 'text', (cell) => typeof cell === 'string');
}

/** The 64 bits of a bigint. */
export function bigint(name: string): Column<bigint> {
  return plain(name, 'bigint', (cell) => typeof cell === 'bigint');
}

/** A bigint whose values are small enough for a number. */
export function integer(name: string): Column<number> {
  return {
    ...plain(name, 'bigint', (cell) => typeof cell === 'number'),
    decode(cell) {
      const value = typeof cell === 'bigint' ? Number(cell) : Number.NaN;
      if (!Number.isSafeInteger(value)) throw new TypeError(`is no bigint that a number can be, but ${kindOf(cell)}`);
      return value;
    },
  };
}

export function timestamp(name: string): Column<Date> {
  return plain(name, 'timestamp with time zone', (cell) => cell instanceof Date);
}

/** What is stored as it came, such as a protobuf message in the binary format. */
export function bytes(name: string): Column<Uint8Array> {
  return plain(name, 'bytea', (cell) => cell instanceof Uint8Array);
}

/**
 * One of a fixed set of texts.
 *
 * @param members a list of them, or a table by them, such as the transitions of a state machine.
 * @example enumeration('state', orderTransitions)
 */
export function enumeration<S extends string>(name: string, members: readonly S[] | Readonly<Record<S, unknown>>): Column<S> {
  const known: ReadonlySet<unknown> = new Set(Array.isArray(members) ? members : Object.keys(members));
  return plain(name, 'text', (cell): cell is S => known.has(cell), 'member of its enumeration');
}

/** A JSON object of this shape. Members that the shape does not have are left out of what is read. */
export function json<T extends { readonly [key: string]: unknown }>(name: string, shape: z.ZodType<T>): Column<T> {
  return {
    name,
    type: 'jsonb',
    nullable: false,
    encode: (value) => value,
    decode(cell) {
      const { data, error } = shape.safeParse(cell);
      if (data === undefined) throw new TypeError(error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
      return data;
    },
  };
}

/** A column without NOT NULL: null is undefined. */
export function optional<T>(column: Column<T>): Column<T | undefined> {
  return {
    ...column,
    nullable: true,
    encode: (value) => (value === undefined ? null : column.encode(value)),
    decode: (cell) => (cell === null ? undefined : column.decode(cell)),
  };
}

function plain<T extends Value>(name: string, type: SqlType, isOne: (cell: unknown) => cell is T, what: string = type): Column<T> {
  return {
    name,
    type,
    nullable: false,
    encode: (value) => value,
    decode(cell) {
      if (isOne(cell)) return cell;
      throw new TypeError(`is no ${what}, but ${kindOf(cell)}`);
    },
  };
}

/** Values are personal data, or secrets. */
function kindOf(cell: unknown): string {
  if (cell === null) return 'null';
  return typeof cell === 'object' ? (cell.constructor?.name ?? 'object') : typeof cell;
}
