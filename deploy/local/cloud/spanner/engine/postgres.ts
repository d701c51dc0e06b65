import { PGlite, protocol } from '@electric-sql/pglite';
import { LRUCache } from 'lru-cache';

/** What PostgreSQL says about a refusal. */
type DatabaseFault = Pick<InstanceType<typeof protocol.messages.DatabaseError>, 'code' | 'message' | 'detail' | 'table' | 'constraint'>;

/** A statement that PostgreSQL refused. */
export class PostgresError extends Error {
  override readonly name = 'PostgresError';
  /** https://www.postgresql.org/docs/current/errcodes-appendix.html */
  readonly sqlState: string;
  readonly detail: string | undefined;
  /** The table and the constraint that refused, where one did. */
  readonly table: string | undefined;
  readonly constraint: string | undefined;

  constructor({ code = 'XX000', message, detail, table, constraint }: DatabaseFault) {
    super(message);
    this.sqlState = code;
    this.detail = detail;
    this.table = table;
    this.constraint = constraint;
  }
}

/** A column of a result. */
export interface Column {
  readonly name: string;
  readonly typeOid: number;
}

/** A statement that PostgreSQL has parsed and planned under a name. */
export interface PreparedStatement {
  readonly name: string;
  readonly parameterOids: readonly number[];
  readonly columns: readonly Column[];
}

/** What a statement answered. Values are in PostgreSQL's text form. */
export interface Answer {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** Rows that a DML statement touched, or that a query returned. */
  readonly rowCount: number;
}

/** Statements kept prepared. A catalogue of a few services has some hundred. */
const MAX_PREPARED = 500;

const SETTINGS = [
  // 8 MB instead of PGlite's 128 MB: half of the process's memory, and local data sets are small.
  'shared_buffers=8MB',
  'max_connections=4',
  // Whoever is not inside BEGIN READ WRITE only reads: single-use reads cannot write, whatever their text.
  'default_transaction_read_only=on',
  // The same text is run with many values: plan once.
  'plan_cache_mode=force_generic_plan',
  'timezone=UTC',
  'datestyle=ISO',
  'bytea_output=hex',
  'extra_float_digits=1',
];

/** The one connection to the embedded PostgreSQL. All calls are synchronous: nothing runs between two statements of the same tick. */
export class Postgres {
  readonly #pglite: PGlite;
  readonly #prepared = new LRUCache<string, PreparedStatement>({
    max: MAX_PREPARED,
    dispose: (statement, _, reason) => {
      if (reason === 'evict') this.#close(statement);
    },
  });
  #names = 0;

  private constructor(pglite: PGlite) {
    this.#pglite = pglite;
  }

  /** Opens a data directory, after a crash too. */
  static async open(directory: string): Promise<Postgres> {
    const startParams = [...PGlite.defaultStartParams, ...SETTINGS.flatMap((setting) => ['-c', setting])];
    return new Postgres(await PGlite.create({ dataDir: directory, startParams }));
  }

  /**
   * Runs statements that take no parameters and whose rows nobody needs.
   *
   * @throws {PostgresError}
   */
  execute(text: string): void {
    this.#exchange(protocol.serialize.query(text), () => {});
  }

  /**
   * Prepares a statement, or finds it prepared.
   *
   * @param parameterOids Declared types; 0 or missing lets PostgreSQL infer.
   * @throws {PostgresError}
   */
  prepare(text: string, parameterOids: readonly number[] = []): PreparedStatement {
    const key = parameterOids.length === 0 ? text : `${parameterOids.join()} ${text}`;
    const known = this.#prepared.get(key);
    if (known !== undefined) return known;
    const name = `s${this.#names++}`;
    let inferred: readonly number[] = [];
    let columns: readonly Column[] = [];
    const { parse, describe, sync } = protocol.serialize;
    this.#exchange(Buffer.concat([parse({ name, text, types: [...parameterOids] }), describe({ type: 'S', name }), sync()]), (message) => {
      if (isNamed(message, 'parameterDescription')) inferred = message.dataTypeIDs;
      if (isNamed(message, 'rowDescription')) {
        columns = message.fields.map((field) => ({ name: field.name, typeOid: field.dataTypeID }));
      }
    });
    const prepared = { name, parameterOids: inferred, columns };
    this.#prepared.set(key, prepared);
    return prepared;
  }

  /**
   * Runs a prepared statement.
   *
   * @throws {PostgresError}
   */
  run(statement: PreparedStatement, values: readonly (string | null)[]): Answer {
    const rows: (string | null)[][] = [];
    let tag = '';
    const { bind, execute, sync } = protocol.serialize;
    this.#exchange(Buffer.concat([bind({ statement: statement.name, values: [...values] }), execute({}), sync()]), (message) => {
      if (isNamed(message, 'dataRow')) rows.push(message.fields);
      else if (isNamed(message, 'commandComplete')) tag = message.text;
    });
    return { columns: statement.columns, rows, rowCount: Number(/\d+$/.exec(tag)?.[0] ?? 0) };
  }

  /** Prepares and runs what selects one column that is never NULL. */
  texts(text: string, values: readonly (string | null)[] = []): string[] {
    return this.query(text, values).rows.flatMap(([value]) => value ?? []);
  }

  /** Prepares and runs. */
  query(text: string, values: readonly (string | null)[] = []): Answer {
    return this.run(this.prepare(text), values);
  }

  /** Forgets every plan: a change of the schema may change the type of a result. */
  forgetStatements(): void {
    this.#prepared.clear();
    this.execute('DEALLOCATE ALL');
  }

  /** Ends PostgreSQL. */
  close(): Promise<void> {
    return this.#pglite.close();
  }

  #close({ name }: PreparedStatement): void {
    const { close, sync } = protocol.serialize;
    this.#exchange(Buffer.concat([close({ type: 'S', name }), sync()]), () => {});
  }

  #exchange(request: Uint8Array, onMessage: (message: BackendMessage) => void): void {
    const parser = new protocol.Parser();
    let failure: PostgresError | undefined;
    let isAnswered = false;
    const onRawData = (bytes: Uint8Array) =>
      parser.parse(bytes, (message) => {
        if (message instanceof protocol.messages.DatabaseError) {
          failure ??= new PostgresError(message);
        } else if (message.name === 'readyForQuery') isAnswered = true;
        else onMessage(message);
      });
    // Synchronous up to its end, as it is told not to sync the file system. The plain call, execProtocolRawSync, keeps every message for ever.
    void this.#pglite.execProtocolRawStream(request, { syncToFs: false, onRawData });
    if (!isAnswered) throw new Error('the embedded PostgreSQL ended: start the local Spanner again');
    if (failure !== undefined) throw failure;
  }
}

type BackendMessage = Parameters<Parameters<InstanceType<typeof protocol.Parser>['parse']>[1]>[0];

interface Messages {
  readonly parameterDescription: InstanceType<typeof protocol.messages.ParameterDescriptionMessage>;
  readonly rowDescription: InstanceType<typeof protocol.messages.RowDescriptionMessage>;
  readonly dataRow: InstanceType<typeof protocol.messages.DataRowMessage>;
  readonly commandComplete: InstanceType<typeof protocol.messages.CommandCompleteMessage>;
}

function isNamed<N extends keyof Messages>(message: BackendMessage, name: N): message is Messages[N] & BackendMessage {
  return message.name === name;
}
