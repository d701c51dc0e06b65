import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Changes } from './changes.ts';
import { addHandler, findHandlers } from './edit-handlers.ts';
import { addToProto } from './edit-proto.ts';
import { checkRouteIsFree, type Route } from './http-path.ts';
import { Mistake } from './mistake.ts';
import { checkMethodName, kebabOf, pascalOf } from './names.ts';
import { grpcServiceOf, type Product, placesOf, serviceOf } from './product.ts';
import { type MethodProto, methodProto } from './templates/method-proto.ts';
import { methodTest } from './templates/method-test.ts';

/** A method that is added to a service. */
interface NewMethod {
  readonly service: string;
  /** Such as "GetDealStats". */
  readonly name: string;
  /** The gRPC service without its package; that of the service's own name unless told. */
  readonly grpcService?: string | undefined;
  readonly route: Route;
  /** The caller in the test, as TypeScript writes it. */
  readonly caller: string;
  /** Who calls it and how, for the service's README. */
  readonly reachedBy: string;
  /** What the proto says beyond that. */
  readonly proto: (messages: ReadonlySet<string>) => Omit<MethodProto, 'name' | 'route'>;
}

/** Proto, handler, test and README of a method, of any kind. @throws {Mistake} */
export function addMethod(product: Product, method: NewMethod): Changes {
  const { service: serviceName, name, route, reachedBy } = method;
  checkMethodName(name);
  const service = serviceOf(product, serviceName);
  const grpcService = method.grpcService ?? `${pascalOf(serviceName)}Service`;
  const { typeName } = grpcServiceOf(service, grpcService);
  const taken = product.methods.find(({ grpcPath }) => grpcPath === `/${typeName}/${name}`);
  if (taken !== undefined) throw new Mistake(`${typeName} has a method "${name}" already`);
  checkRouteIsFree(route, product.methods);

  const { folder, platform, types } = placesOf(serviceName);
  const { protoFile, messages } = findProto(product, serviceName, grpcService);
  for (const message of [`${name}Request`, `${name}Response`]) {
    if (messages.has(message)) throw new Mistake(`the package of ${protoFile} has a message "${message}" already`);
  }
  const handlers = findFactory(product, folder, grpcService);
  const localName = name.charAt(0).toLowerCase() + name.slice(1);

  const changes = new Changes(product.folder);
  changes.edit(protoFile, (text) => addToProto(text, grpcService, methodProto({ name, route, ...method.proto(messages) })));
  changes.edit(handlers.file, (text) => {
    const place = findHandlers(text, grpcService);
    if (place === undefined) throw new Mistake(`${handlers.file} has no handlers of ${grpcService}`);
    return addHandler(text, place, { localName, name, file: handlers.file, platform });
  });
  changes.create(
    join(folder, `${kebabOf(name)}.test.ts`),
    methodTest({
      ...{ name, localName, grpcService, platform, protoFile, reachedBy },
      typesModule: `${types}/${protoFile.replace(/^proto\//, '').replace(/\.proto$/, '')}_pb.js`,
      factory: handlers.factory,
      factoryModule: `./${basename(handlers.file)}`,
      caller: method.caller,
      variables: route.variables,
      handlerFile: handlers.file,
    }),
  );
  changes.edit(join(folder, 'README.md'), (text) => addToMethods(text, `${name}, ${reachedBy}.`, join(folder, 'README.md')));
  return changes;
}

/** The proto that declares a gRPC service, and the messages of its package. */
function findProto({ protos }: Product, service: string, grpcService: string) {
  const ofPackage = [...protos].filter(([, text]) => new RegExp(`^package [a-z0-9]+\\.${service}\\.v\\d+;`, 'm').test(text));
  const declaring = ofPackage.find(([, text]) => new RegExp(`^service ${grpcService} \\{`, 'm').test(text));
  if (declaring === undefined) throw new Mistake(`no proto has "service ${grpcService} {" in a line of its own`);
  const messages = new Set(ofPackage.flatMap(([, text]) => [...text.matchAll(/^(?:message|enum) (\w+)/gm)].map(([, name = '']) => name)));
  return { protoFile: declaring[0], messages };
}

/** The file that makes the handlers: right in the service's folder, since rooms below it have none. */
function findFactory(
  { folder: product }: Product,
  folder: string,
  grpcService: string,
): { readonly file: string; readonly factory: string } {
  for (const name of globSync('*.ts', { cwd: join(product, folder) }).toSorted()) {
    const factory = findHandlers(readFileSync(join(product, folder, name), 'utf8'), grpcService)?.factory;
    if (factory !== undefined) return { file: join(folder, name), factory };
  }
  throw new Mistake(
    `no file of ${folder} has "export function …(…): Handlers<typeof ${grpcService}> {" that returns the handlers as an object: add the method by hand`,
  );
}

/** A line at the end of the section "Methods". */
function addToMethods(text: string, line: string, file: string): string {
  const start = text.indexOf('\n## Methods\n');
  if (start < 0) throw new Mistake(`${file} has no section "## Methods"`);
  const next = text.indexOf('\n## ', start + 1);
  const end = next < 0 ? text.length : next;
  return `${text.slice(0, end).trimEnd()}\n\n${line}\n${text.slice(end)}`;
}
