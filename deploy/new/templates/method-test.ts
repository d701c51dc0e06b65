import type { PathVariable } from '../http-path.ts';
import { importLines } from './import-lines.ts';

/** What the test of a new method is made from. */
interface MethodTest {
  /** "GetDealStats", and "getDealStats" as the client has it. */
  readonly name: string;
  readonly localName: string;
  /** Such as "CustomerService", and the module of its generated type. */
  readonly grpcService: string;
  readonly typesModule: string;
  /** What makes the handlers, such as "customerService", and its module. */
  readonly factory: string;
  readonly factoryModule: string;
  /** How the test imports the platform. */
  readonly platform: string;
  /** The caller, as TypeScript writes it. */
  readonly caller: string;
  readonly variables: readonly PathVariable[];
  /** How the method is reached, such as "GET /v1/deals". */
  readonly reachedBy: string;
  readonly protoFile: string;
  readonly handlerFile: string;
}

/** A test that fails, with what is to be done, until the handler is written and the test says what it answers. */
export function methodTest(test: MethodTest): string {
  const request = test.variables.map(({ field, pattern }) => `${camelField(field)}: '${sampleOf(pattern)}'`).join(', ');
  const imports = importLines({
    vitest: '{ expect, test }',
    [`${test.typesModule}`]: `{ ${test.grpcService} }`,
    [`${test.platform}/testing/test-client.ts`]: '{ testClient }',
    [`${test.factoryModule}`]: `{ ${test.factory} }`,
  });
  return `${imports}
// What the handler works with goes in here: the service's other tests show how its store is made on a local Spanner.
const options = {} as Parameters<typeof ${test.factory}>[0];
const client = testClient(${test.grpcService}, ${test.factory}(options), ${test.caller});

// ${test.reachedBy}
// To do: the messages in ${test.protoFile}; the handler in ${test.handlerFile}; here, what it answers; then "npm run golden".
test('${test.name} answers', async () => {
  const answer = await client.${test.localName}({ ${request} });
  expect(answer).toEqual('to be written: what ${test.name} answers');
});
`;
}

function camelField(field: string): string {
  return field.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function sampleOf(pattern: string): string {
  return pattern.replaceAll(/\*+/g, 'a1');
}
