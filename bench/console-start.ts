import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machine, median } from './load/compare.ts';
import { startConsoleBrowser } from './servers/console-page.ts';
import { edgePort, npmStart } from './servers/npm-start.ts';

export const question =
  'What does the console add to npm start and to memory, and how soon is its first row shown (targets: 150 ms, 40 MB, 300 ms after the platform is ready)?';

/** A quiet machine says the same three times; on a busy one the least says more than any median. */
const rounds = 3;
const kinds = ['', '--no-console'] as const;

/**
 * Starts on the same state, with and without the console in turn; each time a browser that is there already opens a page when the platform says that it is ready. Then
 * it opens one as soon as `npm start` says where the console is.
 */
export async function run(report: (line: string) => void): Promise<void> {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  const seconds = { '': [] as number[], '--no-console': [] as number[] };
  const cpuSeconds = { '': [] as number[], '--no-console': [] as number[] };
  const memory = { '': [] as number[], '--no-console': [] as number[] };
  const firstRow: number[] = [];
  const earlyRow: number[] = [];
  try {
    report(machine());
    const first = await npmStart(stateDir, 0);
    // `npm start` has the same ports each time, and keeps what it has compiled.
    const portBase = edgePort(stateDir);
    const browser = await startConsoleBrowser(first.consoleUrl!);
    try {
      await first.stop();
      for (let round = 0; round < rounds; round += 1) {
        // Who comes first changes, since the machine remembers.
        for (const kind of round % 2 === 0 ? kinds : kinds.toReversed()) {
          const platform = await npmStart(stateDir, portBase, kind);
          seconds[kind].push(platform.seconds);
          cpuSeconds[kind].push(platform.cpuSeconds);
          memory[kind].push(platform.memoryBytes().reduce((sum, size) => sum + size, 0) / 1e6);
          if (kind === '') firstRow.push(await browser.firstRowMs('/processes'));
          await platform.stop();
        }
      }
      for (let round = 0; round < rounds; round += 1) {
        let shown: Promise<number> | undefined;
        const platform = await npmStart(stateDir, portBase, '', () => {
          shown = browser.firstRowMs('/processes').then(() => performance.now());
        });
        const readyAt = performance.now();
        earlyRow.push((await shown!) - readyAt);
        await platform.stop();
      }
    } finally {
      await browser.close();
    }
    report(`npm start: ${addedMs(seconds)} (target 150 ms)`);
    report(`CPU time of the start, of all processes: ${addedMs(cpuSeconds)}`);
    const megabytes = median(memory['']) - median(memory['--no-console']);
    report(
      `memory once ready: ${median(memory['']).toFixed(0)} MB, ${median(memory['--no-console']).toFixed(0)} MB without: ${megabytes.toFixed(0)} MB more (PSS; target 40 MB)`,
    );
    report(`first row of a page that is opened when its address is told: ${afterReady(earlyRow)} (target 300 ms)`);
    report(`first row of a page that is opened when the platform is ready: ${afterReady(firstRow)}`);
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

function afterReady(times: readonly number[]): string {
  return `${median(times).toFixed(0)} ms after ready, of ${times.map((ms) => ms.toFixed(0)).join(', ')}`;
}

/** What the console adds to the least of its rounds, in words. */
function addedMs(seconds: Readonly<Record<(typeof kinds)[number], readonly number[]>>): string {
  const [least, leastWithout] = kinds.map((kind) => Math.min(...seconds[kind])) as [number, number];
  const added = (least - leastWithout) * 1_000;
  return `${least.toFixed(2)} s, ${leastWithout.toFixed(2)} s without: ${added.toFixed(0)} ms more (the least of ${rounds})`;
}
