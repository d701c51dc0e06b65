import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { Changes } from './changes.ts';
import { checkRouteIsFree } from './http-path.ts';
import { Mistake } from './mistake.ts';
import { checkResourceName, checkServiceName, singularOf } from './names.ts';
import { type Product, placesOf } from './product.ts';
import { resourceNames } from './templates/resource-names.ts';
import { compositionFile, domainFile, mainFile, manifestFile, serviceFile, serviceTest, storeFile } from './templates/service-code.ts';
import { serviceMigration } from './templates/service-migration.ts';
import { serviceProto } from './templates/service-proto.ts';
import { serviceReadme } from './templates/service-readme.ts';

const sizes = '{ min: 0, max: 20, concurrency: 80, cpu: 1, memory: 512Mi }';

/** `new service`: a service with a table, whose one method shows a row of it. @throws {Mistake} */
export function newService(product: Product, service: string, resource: string = singularOf(service)): Changes {
  checkServiceName(service);
  checkResourceName(resource);
  if (product.name === service || product.services.some(({ name }) => name === service))
    throw new Mistake(`there is a service "${service}"`);
  const places = placesOf(service);
  for (const folder of [places.folder, `proto/${product.name}/${service}`]) {
    if (existsSync(join(product.folder, folder))) throw new Mistake(`${folder} exists`);
  }
  const names = resourceNames(product.name, service, resource);
  checkRouteIsFree({ verb: 'GET', path: `/v1/{name=${names.collection}/*}`, variables: [] }, product.methods);

  const changes = new Changes(product.folder);
  const files: Readonly<Record<string, string>> = {
    'main.ts': mainFile(names, places),
    'manifest.ts': manifestFile(names, places),
    'composition.ts': compositionFile(names, places),
    'service.ts': serviceFile(names, places),
    'service.test.ts': serviceTest(names, places, places.folder),
    [`domain/${resource}.ts`]: domainFile(names),
    'store/store.ts': storeFile(names, places),
    'migrations/001-initial.sql': serviceMigration(names),
    'README.md': serviceReadme(names, places.folder),
  };
  changes.create(`proto/${product.name}/${service}/v1/${service}.proto`, serviceProto(names));
  for (const [path, content] of Object.entries(files)) changes.create(join(places.folder, path), content);
  for (const environment of globSync('deploy/environments/*.yaml', { cwd: product.folder })) {
    changes.edit(environment, (text) => addSizes(text, service, environment));
  }
  return changes;
}

/** A line at the end of "instances". */
function addSizes(text: string, service: string, file: string): string {
  const block = /^instances:\n(?: .*\n)+/m.exec(text);
  if (block === null) throw new Mistake(`${file} has no "instances:" with a line for each service`);
  if (new RegExp(`^  ${service}:`, 'm').test(block[0])) throw new Mistake(`${file} has sizes of "${service}"`);
  const end = block.index + block[0].length;
  return `${text.slice(0, end)}  ${service}: ${sizes}\n${text.slice(end)}`;
}
