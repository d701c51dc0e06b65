import { importLines } from './import-lines.ts';
import type { ResourceNames } from './resource-names.ts';

/** How a service's files import what is not theirs. */
interface Imports {
  /** The platform, from the service's folder. */
  readonly platform: string;
  /** The product's generated types, from there. */
  readonly types: string;
}

/** main.ts: nothing is loaded before the port is bound. */
export function mainFile({ service }: ResourceNames, { platform }: Imports): string {
  const imports = importLines({
    [`${platform}/chassis/process/run-service.ts`]: '{ runService }',
    './manifest.ts': '{ manifest }',
  });
  return `${imports}
runService({
  name: '${service}',
  manifest,
  start: async (context) => (await import(${"'./composition.ts'"})).compose(context),
});
`;
}

/** manifest.ts */
export function manifestFile({ service }: ResourceNames, { platform }: Imports): string {
  const imports = importLines({
    [`${platform}/chassis/process/manifest.ts`]: 'type { Manifest }',
  });
  return `${imports}
/** What the ${service} service needs. */
export const manifest = { variables: {} } satisfies Manifest;
`;
}

/** composition.ts */
export function compositionFile({ product, service, serviceType, factory }: ResourceNames, { platform, types }: Imports): string {
  const imports = importLines({
    [`${platform}/chassis/process/business-time.ts`]: '{ businessNow }',
    [`${platform}/chassis/process/start-service.ts`]: 'type { StartContext, Started }',
    [`${platform}/chassis/server/bind.ts`]: '{ bind }',
    [`${platform}/cloud/spanner/history.ts`]: '{ inboxTable, requestsTable }',
    [`${platform}/cloud/spanner/open-schema.ts`]: '{ openSchema }',
    [`${types}/${product}/${service}/v1/${service}_pb.js`]: `{ ${serviceType} }`,
    './manifest.ts': 'type { manifest }',
    './service.ts': `{ ${factory} }`,
    './store/store.ts': `{ ${storeType(service)} }`,
  });
  return `${imports}
/** Wires the service. */
export function compose({ config }: StartContext<typeof manifest>): Started {
  const now = businessNow;
  const { database, maintenance, close } = openSchema({ schema: '${service}', config, now, keptTables: [inboxTable, requestsTable] });
  const store = new ${storeType(service)}({ database });
  return { bindings: [bind(${serviceType}, ${factory}({ store })), maintenance], close };
}
`;
}

/** service.ts */
export function serviceFile(names: ResourceNames, { platform, types }: Imports): string {
  const { product, service, serviceType, factory, type, types: plural, variable, words, collection } = names;
  const imports = importLines({
    '@bufbuild/protobuf': 'type { MessageInitShape }',
    '@bufbuild/protobuf/wkt': '{ timestampFromDate }',
    [`${platform}/chassis/api/list-page.ts`]: '{ listOf, listPage }',
    [`${platform}/chassis/errors/rpc-error.ts`]: '{ notFound }',
    [`${platform}/chassis/server/call.ts`]: 'type { Handlers }',
    [`${types}/${product}/${service}/v1/${service}_pb.js`]: `{ List${plural}RequestSchema, ${type}Schema, type ${serviceType} }`,
    [`./domain/${names.resource}.ts`]: `type { ${type} }`,
    './store/store.ts': `type { ${storeType(service)} }`,
  });
  return `${imports}
/** What the handlers need. */
interface ${serviceType}Options {
  readonly store: ${storeType(service)};
}

const ${variable}List = listOf(List${plural}RequestSchema, ${type}Schema, { order: { field: 'create_time', descending: true } });

/** The handlers of ${product}.${service}.v1.${serviceType}. */
export function ${factory}({ store }: ${serviceType}Options): Handlers<typeof ${serviceType}> {
  return {
    async get${type}({ name }) {
      const ${variable} = await store.${variable}(idOf(name));
      if (${variable} === undefined) throw notFound(name);
      return ${variable}Message(${variable});
    },

    async list${plural}(request) {
      const { items, nextPageToken } = await listPage(
        ${variable}List,
        request,
        (query) => store.${collection}(query),
        ({ id, createTime }) => ({ time: createTime, id }),
      );
      return { ${collection}: items.map(${variable}Message), nextPageToken };
    },
  };
}

/** A ${words} as the API shows it. */
function ${variable}Message({ id, createTime }: ${type}): MessageInitShape<typeof ${type}Schema> {
  return { name: \`${collection}/\${id}\`, createTime: timestampFromDate(createTime) };
}

/** Of "${collection}/{id}", whose form has been validated. */
function idOf(name: string): string {
  return name.slice('${collection}/'.length);
}
`;
}

/** domain/<resource>.ts */
export function domainFile({ type, words }: ResourceNames): string {
  return `/** A ${words}. */
export interface ${type} {
  readonly id: string;
  readonly createTime: Date;
}
`;
}

/** store/store.ts */
export function storeFile(
  { service, type, types: plural, variable, words, collection, table, resource }: ResourceNames,
  { platform }: Imports,
): string {
  const imports = importLines({
    [`../${platform}/chassis/api/list-page.ts`]: 'type { ListQuery }',
    [`../${platform}/cloud/spanner/database.ts`]: '{ type Database, defineStatements }',
    [`../${platform}/cloud/spanner/tables/columns.ts`]: '{ text, timestamp }',
    [`../${platform}/cloud/spanner/tables/list.ts`]: '{ list }',
    [`../${platform}/cloud/spanner/tables/statements.ts`]: '{ insert, select }',
    [`../${platform}/cloud/spanner/tables/table.ts`]: '{ table }',
    [`../domain/${resource}.ts`]: `type { ${type} }`,
  });
  return `${imports}
/** Every ${words}. A test holds it to the migrations. */
export const ${collection} = table('${service}', '${table}', {
  key: ['id'],
  columns: { id: text('id'), createTime: timestamp('create_time') },
});

/** Every SQL text of the ${service} service. */
export const statements = defineStatements('${service}', {
  insert${type}: insert(${collection}),
  select${type}: select(${collection}, 'WHERE id = $id'),
  list${plural}: list(${collection}, '', { time: 'createTime', filterable: [] }),
});

/** The ${service} service's database. */
export class ${storeType(service)} {
  readonly #database: Database;

  constructor({ database }: { readonly database: Database }) {
    this.#database = database;
  }

  /** The ${words} with this id, if there is one. */
  async ${variable}(id: string): Promise<${type} | undefined> {
    return statements.select${type}.first(this.#database, { id });
  }

  /** A page of them. */
  async ${collection}(query: ListQuery): Promise<${type}[]> {
    return statements.list${plural}.all(this.#database, {}, query);
  }

  /** Keeps a new ${words}. @throws {DatabaseError} of the kind "unique" where there is one with this id. */
  async insert(${variable}: ${type}): Promise<void> {
    await this.#database.transact((tx) => tx.execute(...statements.insert${type}.with(${variable})));
  }
}
`;
}

/** service.test.ts: what stands works, and the last test says what is to be done. */
export function serviceTest(names: ResourceNames, { platform, types }: Imports, folder: string): string {
  const { product, service, serviceType, factory, type, types: plural, collection, words } = names;
  const imports = importLines({
    '@grpc/grpc-js': '{ status }',
    vitest: '{ afterAll, beforeAll, expect, test }',
    [`${platform}/testing/service-database.ts`]: '{ type ServiceDatabase, startServiceDatabase }',
    [`${platform}/testing/test-client.ts`]: '{ testClient }',
    [`${types}/${product}/${service}/v1/${service}_pb.js`]: `{ ${serviceType} }`,
    './service.ts': `{ ${factory} }`,
    './store/store.ts': `{ ${storeType(service)} }`,
  });
  return `${imports}
const now = new Date('2026-01-02T12:00:00Z');

let spanner: ServiceDatabase;
let store: ${storeType(service)};
beforeAll(async () => {
  // One transaction in ten is aborted and runs again.
  spanner = await startServiceDatabase({ abortProbability: 0.1 });
  store = new ${storeType(service)}({ database: spanner.database });
});
afterAll(() => spanner?.close());

const anybody = () => testClient(${serviceType}, ${factory}({ store }), { kind: 'public' });

test('a ${words} is shown to anybody', async () => {
  await store.insert({ id: 'a1', createTime: now });
  expect(await anybody().get${type}({ name: '${collection}/a1' })).toMatchObject({ name: '${collection}/a1' });
});

test('a list comes page by page, newest first', async () => {
  for (const minute of [1, 2, 3]) await store.insert({ id: \`l\${minute}\`, createTime: new Date(now.getTime() + minute * 60_000) });
  const first = await anybody().list${plural}({ pageSize: 2 });
  const second = await anybody().list${plural}({ pageSize: 2, pageToken: first.nextPageToken });
  const names = [...first.${collection}, ...second.${collection}].map(({ name }) => name);
  expect(names.slice(0, 3)).toEqual(['${collection}/l3', '${collection}/l2', '${collection}/l1']);
});

test('a ${words} that is not there is NOT_FOUND', async () => {
  await expect(anybody().get${type}({ name: '${collection}/none' })).rejects.toMatchObject({ code: status.NOT_FOUND });
});

test('the ${service} service is written', () => {
  expect.fail(\`To do, in the place of this test:
1. What a ${words} has: fields in proto/${product}/${service}/v1/${service}.proto, in domain/${names.resource}.ts, in the table of store/store.ts and, as long as
   migrations/001-initial.sql has been applied nowhere but here, in there ("Add a field" in README.md).
2. Who may read it: (kumiko.platform.v1.method).access in the proto is ACCESS_PUBLIC.
3. How it comes about: npm run new -- method ${service} Create${type} POST /v1/${collection} --access customer
4. ${folder}/README.md, whose sections say "to be written".
5. npm run golden\`);
});
`;
}

/** "ReviewsStore" */
function storeType(service: string): string {
  return `${service.charAt(0).toUpperCase()}${service.slice(1)}Store`;
}
