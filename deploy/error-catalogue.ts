import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { platformReasons, type ReasonTable } from '../services/platform/chassis/errors/error-reasons.ts';
import { servicesFolder } from '../services/platform/contracts/product-folder.ts';
import { serviceNames } from '../services/platform/contracts/services.ts';

/** The files with the reasons of the services' errors. */
export function reasonFiles(): string[] {
  return serviceNames.map((name) => join(servicesFolder, name, 'reasons.ts')).filter((file) => existsSync(file));
}

/** Every reason of the platform's and of every service's errors. */
export async function errorReasons(): Promise<ReasonTable> {
  const own = await Promise.all(
    reasonFiles().map(async (file) => ((await import(pathToFileURL(file).href)) as { readonly reasons: ReasonTable }).reasons),
  );
  return Object.fromEntries([platformReasons, ...own].flatMap((table: ReasonTable) => Object.entries(table)));
}
