import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { servicesFolder } from '../services/platform/contracts/product-folder.ts';
import { stateMachineTable, type Transitions } from '../tests/state-machine-table.ts';
import { errorReasons } from './error-catalogue.ts';

/** A document that has no place for what is derived. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
}

const docs = join(import.meta.dirname, '../docs/reference');

/** Writes the tables of the documents that a test holds against the code. @throws {DocumentError} */
export async function writeDocuments(): Promise<void> {
  const errors = await errorTable();
  rewrite('errors.md', (text) => withTable(text, errors, 'errors.md'));
  const machines = await stateMachines();
  rewrite('state-machines.md', (text) =>
    text
      .split(/^(?=## )/m)
      .map((section) => {
        const table = machines.get(/^## (.+)$/m.exec(section)?.[1] ?? '');
        return table === undefined ? section : withTable(section, table, 'state-machines.md');
      })
      .join(''),
  );
}

function rewrite(name: string, change: (text: string) => string): void {
  const file = join(docs, name);
  const before = readFileSync(file, 'utf8');
  const after = change(before);
  if (after !== before) writeFileSync(file, after);
}

/** The reasons of the platform's errors and of every service's, in alphabetical order. */
async function errorTable(): Promise<string> {
  const rows = Object.entries(await errorReasons())
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([reason, { code, meaning, remedy }]) => `| \`${reason}\` | ${code} | ${meaning} | ${remedy} |`);
  return ['| reason | code | what it means | what to do |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** Each table that a domain exports as `<machine>Transitions`, by the machine's name in the document. */
async function stateMachines(): Promise<Map<string, string>> {
  const files = globSync('*/domain/*.ts', { cwd: servicesFolder }).filter((file) => !file.endsWith('.test.ts'));
  const modules = await Promise.all(files.toSorted().map((file) => load<Record<string, unknown>>(join(servicesFolder, file))));
  const exported = modules.flatMap((module) => Object.entries(module)).filter(([name]) => name.endsWith('Transitions'));
  return new Map(
    exported.map(([name, transitions]) => {
      const machine = name.slice(0, -'Transitions'.length);
      return [machine.charAt(0).toUpperCase() + machine.slice(1), stateMachineTable(transitions as Transitions)];
    }),
  );
}

async function load<T>(file: string): Promise<T> {
  return (await import(pathToFileURL(file).href)) as T;
}

/** The text with its one table replaced. @throws {DocumentError} */
function withTable(text: string, table: string, file: string): string {
  const found = /^\|.*\n(?:\|.*\n)+/m.exec(text);
  if (found === null) throw new DocumentError(`docs/reference/${file}: a section has no table to be replaced`);
  return `${text.slice(0, found.index)}${table}\n${text.slice(found.index + found[0].length)}`;
}
