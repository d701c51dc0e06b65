import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { errorText } from '../../services/platform/contracts/error-text.ts';
import { Mistake } from './mistake.ts';
import { root } from './product.ts';

/** Files to be written, all or none. */
export class Changes {
  readonly #folder: string;
  /** By the path in the folder: what it is to hold, and what it holds. */
  readonly #files = new Map<string, { readonly after: string; readonly before: string | undefined }>();

  /** @param folder the product's. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What is to be created and changed, in the order of paths. */
  get paths(): { readonly created: readonly string[]; readonly changed: readonly string[] } {
    const entries = [...this.#files].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const named = (isNew: boolean) => entries.flatMap(([path, { before }]) => ((before === undefined) === isNew ? [path] : []));
    return { created: named(true), changed: named(false) };
  }

  /** A file that must not be there. @throws {Mistake} */
  create(path: string, content: string): void {
    if (existsSync(join(this.#folder, path))) throw new Mistake(`${path} exists`);
    this.#files.set(path, { after: formatted(path, content), before: undefined });
  }

  /** A file that is there. @throws {Mistake} */
  edit(path: string, change: (text: string) => string): void {
    const file = join(this.#folder, path);
    if (!existsSync(file)) throw new Mistake(`${path} is missing`);
    const before = readFileSync(file, 'utf8');
    this.#files.set(path, { after: formatted(path, change(this.#files.get(path)?.after ?? before)), before });
  }

  /**
   * Writes them. Where one cannot be written, the others are as they were.
   *
   * @param folder another copy of the product, in tests.
   * @throws {Mistake}
   */
  write(folder: string = this.#folder): void {
    const undo: (() => void)[] = [];
    try {
      for (const [path, { after, before }] of this.#files) {
        const file = join(folder, path);
        const made = mkdirSync(dirname(file), { recursive: true });
        undo.unshift(() => {
          if (before === undefined) rmSync(file, { force: true });
          else writeFileSync(file, before);
          if (made !== undefined) rmSync(made, { recursive: true });
        });
        writeFileSync(file, after);
      }
    } catch (error) {
      for (const step of undo) step();
      throw new Mistake(`nothing is written: ${errorText(error)}`);
    }
  }
}

/** TypeScript as biome writes it, which depends on how long the names are. */
function formatted(path: string, content: string): string {
  if (!path.endsWith('.ts')) return content;
  const args = ['check', '--write', '--linter-enabled=false', `--stdin-file-path=${relative(root, join(root, path))}`];
  const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/biome'), args, {
    cwd: root,
    input: content,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Mistake(`${path} cannot be formatted: ${stderr}`);
  return stdout;
}
