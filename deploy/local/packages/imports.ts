import { build } from 'esbuild';

/** What a program imports from packages, and the files in which it says so. */
export interface Imports {
  /** The names of values by the specifier of their package; `default` and `*` among them. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** The program's own files, as paths from `folder`. */
  readonly files: readonly string[];
}

/** `import a, { b as c } from "d"` and `import "e"` as esbuild prints them, on one line or on several. */
const statement =
  /^(?:import|export) (?:(?:(?<all>\* as [\w$]+|\*)|(?<first>[\w$]+)?(?:, )?(?:\{(?<named>[^}]*)\})?) from )?"(?<specifier>[^"]+)";$/gm;
/** `const { a: b } = await import("c")`, and an import whose names are not told on the spot. */
const onDemand = /(?:\{(?<named>[^{}]*)\} = await )?\bimport\("(?<specifier>[^"]+)"\)/g;

/**
 * Reads what programs import from packages. Types are not among it.
 *
 * @param programs the files that processes are started with.
 * @param folder that the paths are told from.
 */
export async function importsOf(programs: readonly string[], folder: string): Promise<Imports> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: [...programs],
    outdir: 'out',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    // What nothing uses is linked all the same.
    treeShaking: false,
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  const names = new Map<string, Set<string>>();
  const add = (specifier: string, own: readonly string[]) => {
    if (/^[@a-z]/.test(specifier) && !specifier.startsWith('node:'))
      names.set(specifier, new Set([...(names.get(specifier) ?? []), ...own]));
  };
  for (const { text } of outputFiles) {
    for (const { groups = {} } of text.matchAll(statement)) {
      const { all, first, named = '', specifier = '' } = groups;
      add(specifier, [...(all === undefined ? [] : ['*']), ...(first === undefined ? [] : ['default']), ...namesIn(named)]);
    }
    for (const { groups: { named, specifier = '' } = {} } of text.matchAll(onDemand))
      add(specifier, named === undefined ? ['*'] : namesIn(named));
  }
  return {
    names: Object.fromEntries([...names].toSorted().map(([specifier, own]) => [specifier, [...own].toSorted()])),
    files: Object.keys(metafile.inputs).toSorted(),
  };
}

/** The names on the far side of `a, b as c` and of `a, b: c, d = e`. */
function namesIn(list: string): string[] {
  return list.split(',').flatMap((one) => /^\s*([\w$]+)/.exec(one)?.[1] ?? []);
}
