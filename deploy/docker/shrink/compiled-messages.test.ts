import { join } from 'node:path';
import { fromJSON, type PackageDefinition } from '@grpc/proto-loader';
import { describe, expect, test } from 'vitest';
import { bundledModule } from './bundled-module.ts';

const root = join(import.meta.dirname, '../../..');

// As Google's clients read their protos.
const options = { keepCase: false, longs: String, enums: String, defaults: true, oneofs: true };

/** A call of a client, with something of each kind of field in it. */
interface Case {
  readonly client: string;
  readonly protos: string;
  readonly service: string;
  readonly method: string;
  readonly request: object;
  readonly response: object;
}

const cases: readonly Case[] = [
  {
    client: 'Spanner',
    protos: '@google-cloud/spanner-api/build/protos/protos.json',
    service: 'google.spanner.v1.Spanner',
    method: 'ExecuteStreamingSql',
    request: {
      session: 'projects/p/instances/i/databases/d/sessions/s',
      transaction: { begin: { readOnly: { readTimestamp: { seconds: '9007199254740993', nanos: 7 } } } },
      sql: 'SELECT @a',
      params: { fields: { a: { listValue: { values: [{ numberValue: 1.5 }, { nullValue: 'NULL_VALUE' }, { boolValue: true }] } } } },
      paramTypes: { a: { code: 'ARRAY', arrayElementType: { code: 'FLOAT64' } } },
      seqno: '-1',
      requestOptions: { priority: 'PRIORITY_LOW', requestTag: 'ä' },
    },
    response: {
      metadata: { rowType: { fields: [{ name: 'a', type: { code: 'BYTES' } }] }, transaction: { id: Buffer.from([0, 255]) } },
      values: [{ stringValue: 'AA==' }, { structValue: { fields: { b: { stringValue: 'c' } } } }],
      chunkedValue: true,
      resumeToken: Buffer.from([1, 2, 3]),
      stats: { rowCountExact: '18014398509481985' },
    },
  },
  {
    client: 'Tasks',
    protos: '@google-cloud/tasks/build/protos/protos.json',
    service: 'google.cloud.tasks.v2.CloudTasks',
    method: 'CreateTask',
    request: {
      parent: 'projects/p/locations/l/queues/q',
      task: {
        name: 't',
        httpRequest: {
          url: 'https://a.example',
          httpMethod: 'POST',
          headers: { a: 'b' },
          body: Buffer.from('{}'),
          oidcToken: { audience: 'c' },
        },
        scheduleTime: { seconds: '1', nanos: 2 },
      },
      responseView: 'FULL',
    },
    response: {
      name: 't',
      dispatchCount: 3,
      dispatchDeadline: { seconds: '600' },
      view: 'BASIC',
      lastAttempt: { responseStatus: { code: 5 } },
    },
  },
];

describe.each(cases)(
  'messages of $client whose functions were generated with the image',
  ({ protos, service, method, request, response }) => {
    test('are the bytes, and are read from them, as those of the package', async () => {
      const read = await import(join(root, 'node_modules', protos), { with: { type: 'json' } });
      const theirs = methodOf(fromJSON(read.default, options), service, method);
      const ours = methodOf(await bundledDefinitions(protos), service, method);
      const sent = theirs.requestSerialize(request);
      expect(sent.length).toBeGreaterThan(20);
      expect(ours.requestSerialize(request)).toEqual(sent);
      const received = theirs.responseSerialize(response);
      const told = theirs.responseDeserialize(received);
      expect(told).toMatchObject(response);
      expect(plain(ours.responseDeserialize(received))).toEqual(plain(told));
    });
  },
);

function methodOf(definitions: PackageDefinition, service: string, method: string) {
  return (definitions[service] as Extract<PackageDefinition[string], { [name: string]: { requestSerialize: unknown } }>)[method]!;
}

/** Without the classes, which are others in the bundle. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** What would generate a function is refused. */
async function bundledDefinitions(protos: string): Promise<PackageDefinition> {
  const refuse = () => {
    throw new Error('a function is generated');
  };
  const contents = `export { fromJSON } from '@grpc/proto-loader'; export { default as protos } from './node_modules/${protos}';`;
  const bundled = (await bundledModule(contents, { Function: refuse })) as {
    fromJSON: typeof fromJSON;
    protos: Parameters<typeof fromJSON>[0];
  };
  return bundled.fromJSON(bundled.protos, options);
}
