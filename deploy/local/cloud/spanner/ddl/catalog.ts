import { status } from '@grpc/grpc-js';
import { instanceOfDatabase } from '../api/resource-names.ts';
import { notFound, SpannerFailure } from '../api/spanner-failure.ts';
import type { Postgres } from '../engine/postgres.ts';

/** An instance, as the admin API has it. */
export interface InstanceRecord {
  readonly name: string;
  readonly config: string;
  readonly displayName: string;
  readonly nodeCount: number;
}

/** What this server knows of its instances and its database. Kept in a schema of its own beside the data. */
export class Catalog {
  readonly #postgres: Postgres;
  readonly #instances = new Map<string, InstanceRecord>();
  #database: string | undefined;

  constructor(postgres: Postgres) {
    this.#postgres = postgres;
    for (const [name, config, displayName, nodeCount] of postgres.query(
      'SELECT name, config, display_name, node_count FROM local_spanner.instances',
    ).rows) {
      const instance = { name: String(name), config: String(config), displayName: String(displayName), nodeCount: Number(nodeCount) };
      this.#instances.set(instance.name, instance);
    }
    this.#database = postgres.texts('SELECT name FROM local_spanner.databases')[0];
  }

  instances(): readonly InstanceRecord[] {
    return [...this.#instances.values()];
  }

  /** @throws {SpannerFailure} NOT_FOUND */
  instance(name: string): InstanceRecord {
    const instance = this.#instances.get(name);
    if (instance === undefined) throw notFound(`Instance not found: ${name}`);
    return instance;
  }

  /** @throws {SpannerFailure} ALREADY_EXISTS */
  createInstance(instance: InstanceRecord): void {
    if (this.#instances.has(instance.name)) throw new SpannerFailure(status.ALREADY_EXISTS, `Instance already exists: ${instance.name}`);
    const { name, config, displayName, nodeCount } = instance;
    this.#write(() => {
      const values = [name, config, displayName, String(nodeCount)];
      this.#postgres.query('INSERT INTO local_spanner.instances (name, config, display_name, node_count) VALUES ($1, $2, $3, $4)', values);
    });
    this.#instances.set(name, instance);
  }

  /** Deletes an instance and its database. */
  deleteInstance(name: string): void {
    this.instance(name);
    if (this.#database !== undefined && instanceOfDatabase(this.#database) === name) this.dropDatabase(this.#database);
    this.#write(() => this.#postgres.query('DELETE FROM local_spanner.instances WHERE name = $1', [name]));
    this.#instances.delete(name);
  }

  databases(instance: string): readonly string[] {
    return this.#database !== undefined && instanceOfDatabase(this.#database) === instance ? [this.#database] : [];
  }

  /** @throws {SpannerFailure} NOT_FOUND for a database that is not the one that exists. */
  checkDatabase(name: string): void {
    if (name !== this.#database) throw notFound(`Database not found: ${name}`);
  }

  /** @throws {SpannerFailure} FAILED_PRECONDITION for a second database: one PGlite holds one. */
  createDatabase(name: string): void {
    this.instance(instanceOfDatabase(name));
    if (name === this.#database) throw new SpannerFailure(status.ALREADY_EXISTS, `Database already exists: ${name}`);
    if (this.#database !== undefined) {
      throw new SpannerFailure(
        status.FAILED_PRECONDITION,
        `the local Spanner holds one database at a time, now ${this.#database}: drop that one, or start a second local Spanner for ${name}`,
      );
    }
    this.#write(() => this.#postgres.query('INSERT INTO local_spanner.databases (name) VALUES ($1)', [name]));
    this.#database = name;
  }

  /** Drops the database with everything in it. */
  dropDatabase(name: string): void {
    this.checkDatabase(name);
    const schemas = this.#postgres.texts(
      `SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'local_spanner', 'spanner')`,
    );
    this.#write(() => {
      for (const schema of schemas) this.#postgres.execute(`DROP SCHEMA ${schema} CASCADE`);
      this.#postgres.execute('CREATE SCHEMA public; DELETE FROM local_spanner.ddl; DELETE FROM local_spanner.databases');
    });
    this.#postgres.forgetStatements();
    this.#database = undefined;
  }

  /** The DDL statements that were applied, oldest first, as they were sent. */
  ddl(): string[] {
    return this.#postgres.texts('SELECT statement FROM local_spanner.ddl ORDER BY position');
  }

  /**
   * Applies one DDL statement, whole or not at all.
   *
   * @param original As it was sent.
   * @param apply Runs what PostgreSQL shall run for it.
   */
  applyDdl(original: string, apply: () => void): void {
    this.#write(() => {
      apply();
      this.#postgres.query('INSERT INTO local_spanner.ddl (statement) VALUES ($1)', [original]);
    });
    this.#postgres.forgetStatements();
  }

  #write(body: () => void): void {
    this.#postgres.execute('BEGIN READ WRITE');
    try {
      body();
      this.#postgres.execute('COMMIT');
    } catch (error) {
      this.#postgres.execute('ROLLBACK');
      throw error;
    }
  }
}
