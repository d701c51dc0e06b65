/** `npm run new`: adds a service, a method, a trigger or a migration to the product. */
import { parseArgs } from 'node:util';
import { runCommand, UsageError } from '../../services/platform/tools/command-line.ts';
import type { Changes } from './changes.ts';
import { Mistake } from './mistake.ts';
import type { Product } from './product.ts';

const usage = `usage:
  npm run new -- service NAME [--resource NAME]
      A service with a table, and a public method that shows one row of it: "reviews" has the resource "review".
  npm run new -- method SERVICE NAME VERB PATH --access public|customer|partner|operator [--deadline 10s] [--in GRPC_SERVICE]
      A method with a route at the edge gateway: method customer GetDealStats GET '/v1/{name=deals/*}/stats' --access public
  npm run new -- trigger SERVICE NAME schedule '*/5 * * * *' [--in GRPC_SERVICE]
  npm run new -- trigger SERVICE NAME queue [--in GRPC_SERVICE]
  npm run new -- trigger SERVICE NAME subscription TOPIC... [--in GRPC_SERVICE]
      A method that Cloud Scheduler, Cloud Tasks or Pub/Sub calls through the jobs gateway.
  npm run new -- migration SERVICE NAME
      The next migration of a service: migration customer add-rating
What exists is never overwritten. "Add a service" and the sections after it in README.md say how it goes on.`;

interface Options {
  readonly resource?: string | undefined;
  readonly access?: string | undefined;
  readonly deadline?: string | undefined;
  readonly in?: string | undefined;
}

interface Kind {
  /** How many arguments it has: at least, and at most. */
  readonly count: readonly [number, number];
  readonly options: readonly (keyof Options)[];
  readonly make: (product: Product, args: readonly string[], options: Options) => Promise<Changes>;
  readonly next: string;
}

const finish = '"npm run golden", and "npm test" names what is left';

const kinds: Readonly<Record<string, Kind>> = {
  service: {
    count: [1, 1],
    options: ['resource'],
    make: async (product, [name = ''], { resource }) => (await import('./service.ts')).newService(product, name, resource),
    next: `Next: ${finish}. It runs as it is by "npm start".`,
  },
  method: {
    count: [4, 4],
    options: ['access', 'deadline', 'in'],
    make: async (product, [service = '', name = '', verb = '', path = ''], { access, deadline, in: grpcService }) =>
      (await import('./method.ts')).newMethod(product, { service, name, verb, path, access, deadline, grpcService }),
    next: `Next: the messages in the proto and the handler, then ${finish}.`,
  },
  trigger: {
    count: [3, 20],
    options: ['in'],
    make: async (product, [service = '', name = '', kind = '', ...rest], { in: grpcService }) =>
      (await import('./trigger.ts')).newTrigger(product, { service, name, kind, rest, grpcService }),
    next: `Next: the messages in the proto and the handler, then ${finish}.`,
  },
  migration: {
    count: [2, 2],
    options: [],
    make: async (product, [service = '', name = '']) => (await import('./migration.ts')).newMigration(product, service, name),
    next: 'Next: its statement, which no database takes as it is, and the table in the store.',
  },
};

await runCommand({ usage, isMistake: (error) => error instanceof Mistake }, main);

async function main(): Promise<void> {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      resource: { type: 'string' },
      access: { type: 'string' },
      deadline: { type: 'string' },
      in: { type: 'string' },
    },
  });
  const [name = '', ...rest] = positionals;
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (kind === undefined) throw new UsageError(name === '' ? 'nothing to make is named' : `"${name}" is nothing that can be made`);
  const [least, most] = kind.count;
  if (rest.length < least) throw new UsageError(`"${name}" is not told enough: ${rest.join(' ') || 'nothing'}`);
  if (rest.length > most) throw new UsageError(`"${name}" is told too much: ${rest.slice(most).join(' ')}`);
  const foreign = Object.keys(options).find((option) => !kind.options.some((own) => own === option));
  if (foreign !== undefined) throw new UsageError(`"${name}" has no option --${foreign}`);

  const { readProduct } = await import('./product.ts');
  const changes = await kind.make(await readProduct(), rest, options);
  const { created, changed } = changes.paths;
  changes.write();
  const lines = [...created.map((path) => `  new      ${path}`), ...changed.map((path) => `  changed  ${path}`)];
  process.stdout.write(`${lines.join('\n')}\n${kind.next}\n`);
}
