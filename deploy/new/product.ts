import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Method } from '../../services/platform/contracts/methods.ts';
import { genFolder, productFolder, servicesFolder } from '../../services/platform/contracts/product-folder.ts';
import type { GrpcService, Service } from '../../services/platform/contracts/services.ts';
import { Mistake } from './mistake.ts';

/** The platform's repository. */
export const root = join(import.meta.dirname, '../..');

/** The product that something is added to, as its protos are now. */
export interface Product {
  readonly folder: string;
  /** Such as "kumiko". */
  readonly name: string;
  readonly services: readonly Service[];
  readonly topics: readonly string[];
  /** Every method, the platform's own as well. */
  readonly methods: readonly Method[];
  /** The path of each proto in the product, with its text. */
  readonly protos: ReadonlyMap<string, string>;
}

/** Builds the contracts where the protos have changed, and reads them. @throws {Mistake} where they do not make a product. */
export async function readProduct(): Promise<Product> {
  try {
    await import('../../services/platform/contracts/build.ts');
  } catch (error) {
    const told = error instanceof Error && error.name === 'ServiceListError' ? error.message : 'see above';
    throw new Mistake(`the protos do not build, and something is added to what builds only: ${told}`);
  }
  // They read what was built.
  const [{ product: name, services, eventTopics: topics }, { listMethods }] = await Promise.all([
    import('../../services/platform/contracts/services.ts'),
    import('../../services/platform/contracts/methods.ts'),
  ]);
  const files = globSync('proto/**/*.proto', { cwd: productFolder }).toSorted();
  const protos = new Map(files.map((file) => [file, readFileSync(join(productFolder, file), 'utf8')]));
  return { folder: productFolder, name, services, topics, methods: listMethods(), protos };
}

/** A service of the product. @throws {Mistake} */
export function serviceOf({ services }: Product, name: string): Service {
  const service = services.find((candidate) => candidate.name === name);
  if (service === undefined) {
    throw new Mistake(`there is no service "${name}": there are ${services.map((known) => known.name).join(', ')}`);
  }
  return service;
}

/** One of a service's gRPC services, by its name without the package. @throws {Mistake} */
export function grpcServiceOf({ name: service, grpcServices }: Service, name: string): GrpcService {
  const found = grpcServices.find(({ typeName }) => typeName.endsWith(`.${name}`));
  if (found !== undefined) return found;
  const known = grpcServices.map(({ typeName }) => typeName.slice(typeName.lastIndexOf('.') + 1)).join(', ');
  throw new Mistake(`"${service}" has no gRPC service "${name}": name one of ${known} with --in`);
}

/** The paths of one service's files, from the product's folder. */
export function placesOf(service: string) {
  const folder = join(relative(productFolder, servicesFolder), service);
  const from = join(productFolder, folder);
  return {
    /** Such as "services/reviews". */
    folder,
    /** How a file in the folder imports the platform: "../platform". */
    platform: relative(from, join(root, 'services/platform')),
    /** How a file in the folder imports the product's generated types. */
    types: relative(from, join(genFolder, 'types')),
    exists: (path: string) => existsSync(join(from, path)),
  };
}
