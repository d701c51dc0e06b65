import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Protos, or protos and folders, that do not make a product. */
export class ServiceListError extends Error {
  override readonly name = 'ServiceListError';

  constructor(faults: readonly string[]) {
    super(`the protos and the folders of services do not make a product:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }
}

/** The folder of the platform itself, beside those of services. */
const platformFolder = 'platform';

/** What a service's folder has; a folder with one of them is a service's. */
const required = ['main.ts', 'manifest.ts'];
const signs = [...required, 'migrations'];

/** Checks that each service has a folder with a manifest, and each folder a service. @throws {ServiceListError} with those that do not. */
export function checkServiceFolders(services: readonly { readonly name: string }[], servicesFolder: string): void {
  const folders = readdirSync(servicesFolder, { withFileTypes: true }).flatMap((entry) =>
    entry.name !== platformFolder && signs.some((file) => existsSync(join(servicesFolder, entry.name, file))) ? [entry.name] : [],
  );
  const missing = services.flatMap(({ name }) =>
    required.filter((file) => !existsSync(join(servicesFolder, name, file))).map((file) => ({ name, file })),
  );
  const orphans = folders.filter((folder) => !services.some(({ name }) => name === folder));
  const faults = [
    ...missing.map(({ name, file }) => `services/${name}/${file} is missing, and a proto package ends in ".${name}.v1"`),
    ...orphans.map((name) => `services/${name} is a folder without a service: no proto package ends in ".${name}.v1"`),
  ];
  if (faults.length > 0) throw new ServiceListError(faults);
}
