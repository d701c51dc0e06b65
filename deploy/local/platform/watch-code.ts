import { execFile } from 'node:child_process';
import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CodeChange } from './code-change.ts';
import { concernOfAll } from './code-changes.ts';

const root = join(import.meta.dirname, '../../..');
const watched = ['services', 'proto', 'wasm-filters', 'gateway', 'deploy/local'];
/** Editors write a file in several steps. */
const settleMs = 100;

/** What follows a change of code. */
interface WatchOptions {
  migrate(): Promise<unknown>;
  writeBootstraps(): Promise<unknown>;
  restart(name: string): Promise<void>;
  /** Hears of each change when it begins, and when it is done. */
  onChange(change: CodeChange): void;
}

/** Restarts what a change of code, protos or SQL concerns, and nothing else. One change at a time; what changes meanwhile is the next. */
export function watchCode(options: WatchOptions): { close(): void } {
  const changed = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let working: Promise<void> = Promise.resolve();
  let closed = false;

  const watchers: FSWatcher[] = watched.map((folder) =>
    watch(join(root, folder), { recursive: true }, (_, name) => {
      if (name === null || closed) return;
      changed.add(join(folder, name));
      clearTimeout(timer);
      timer = setTimeout(() => {
        working = working.then(follow);
      }, settleMs);
    }),
  );

  async function follow(): Promise<void> {
    const files = [...changed];
    changed.clear();
    const { build, migrate, bootstraps, processes } = concernOfAll(files);
    if (processes.length === 0 || closed) return;
    const [atMs, startedAt] = [Date.now(), performance.now()];
    const tell = (state: CodeChange['state'], error?: string) =>
      options.onChange({ atMs, files, processes, state, tookMs: performance.now() - startedAt, error });
    tell('restarting');
    try {
      // Code that imports what none has imported before needs it in the bundled packages.
      await promisify(execFile)(process.execPath, [join(root, build ? 'deploy/build.ts' : 'deploy/local/packages/build.ts')]);
      if (migrate) await options.migrate();
      if (bootstraps) await options.writeBootstraps();
      await Promise.all(processes.map((name) => options.restart(name)));
      tell('done');
    } catch (error) {
      // Mended by the next change, it may be that of another file.
      for (const file of files) changed.add(file);
      tell('failed', reasonOf(error));
    }
  }

  return {
    close() {
      closed = true;
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}

/** What a build has said, where it was one that failed. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'stderr' in error && typeof error.stderr === 'string' && error.stderr !== '' ? error.stderr : error.message;
}
