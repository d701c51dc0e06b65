import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { genFolder, productFolder } from '../services/platform/contracts/product-folder.ts';
import { clientFiles } from './client-files.ts';

/** Where the protos are collected. */
export const protosFolder = join(genFolder, 'sdk/protos');

/** Collects the sources of the protos that partners and apps generate clients of other languages from, with all that they import but what protoc brings. */
export function collectProtos(): string {
  rmSync(protosFolder, { recursive: true, force: true });
  const folders = [join(productFolder, 'proto'), join(import.meta.dirname, '../proto'), join(genFolder, 'third_party')];
  for (const name of clientFiles()) {
    const source = folders.map((folder) => join(folder, `${name}.proto`)).find((file) => existsSync(file));
    if (source === undefined) throw new Error(`${name}.proto is in none of ${folders.join(', ')}`);
    const target = join(protosFolder, `${name}.proto`);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(source, target);
  }
  return protosFolder;
}
