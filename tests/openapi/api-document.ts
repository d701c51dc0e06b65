import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { isInt64, uuidText } from './formats.ts';

/** A schema of JSON Schema 2020-12, as far as our documents go. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required?: boolean;
  readonly schema: Schema;
  readonly example?: unknown;
}

interface Body {
  readonly required?: boolean;
  readonly content: Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;
}

interface Response {
  readonly content?: Readonly<Record<string, { readonly schema: Schema; readonly examples?: Readonly<Record<string, unknown>> }>>;
}

/** An operation with its place. */
export interface Operation {
  readonly httpMethod: string;
  readonly path: string;
  readonly operationId: string;
  readonly security: readonly unknown[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: Body;
  readonly responses: Readonly<Record<string, Response>>;
  readonly isStream: boolean;
  /** How long it may take. */
  readonly 'x-deadline-seconds': number;
}

/** A document as its readers have it: nothing here knows of protos. */
export class ApiDocument {
  readonly operations: readonly Operation[];
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, verbose: true, unicodeRegExp: true });
  readonly #validators = new Map<Schema, ValidateFunction>();
  readonly #schemas: Readonly<Record<string, Schema>>;
  /** As it was read. */
  readonly text: string;

  constructor(text: string) {
    const json = JSON.parse(text) as {
      paths: Record<string, Record<string, Omit<Operation, 'httpMethod' | 'path' | 'isStream'>>>;
      components: { schemas: Record<string, Schema> };
    };
    this.text = text;
    this.#schemas = json.components.schemas;
    this.#ajv.addFormat('uuid', uuidText);
    this.#ajv.addFormat(
      'date-time',
      (value: string) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value) && !Number.isNaN(Date.parse(value)),
    );
    this.#ajv.addFormat('int64', isInt64);
    for (const format of ['int32', 'uint32', 'uint64', 'float', 'double']) this.#ajv.addFormat(format, true);
    this.#ajv.addSchema(json, 'document');
    this.operations = Object.entries(json.paths).flatMap(([path, verbs]) =>
      Object.entries(verbs).map(([verb, operation]) => ({
        ...operation,
        parameters: operation.parameters ?? [],
        httpMethod: verb.toUpperCase(),
        path,
        isStream: JSON.stringify(operation.responses['200']).includes('A stream:'),
      })),
    );
  }

  /** A schema itself in the place of a reference to it. */
  resolve(schema: Schema): Schema {
    return schema.$ref === undefined ? schema : this.#schemas[schema.$ref.split('/').at(-1)!]!;
  }

  /** What is wrong with a value. */
  errors(schema: Schema, value: unknown): ErrorObject[] {
    let validate = this.#validators.get(schema);
    if (validate === undefined) {
      validate = this.#ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"document#/components')) as object);
      this.#validators.set(schema, validate);
    }
    return validate(value) ? [] : [...(validate.errors ?? [])];
  }

  /** What is wrong with an error's body. */
  errorBodyFaults(body: unknown): ErrorObject[] {
    return this.errors(errorReference, body);
  }
}

const errorReference: Schema = { $ref: '#/components/schemas/Error' };

/** The JSON schema of an operation's body; undefined where it takes none, or takes bytes. */
export function bodySchema({ requestBody }: Operation): Schema | undefined {
  return requestBody?.content['application/json']?.schema;
}

/** The reasons that an operation says it refuses with. */
export function reasonsOf({ responses }: Operation): string[] {
  return Object.values(responses).flatMap(({ content }) => Object.keys(content?.['application/json']?.examples ?? {}));
}
