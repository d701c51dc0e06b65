import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openRead } from '../deploy/environments/open-read.ts';
import { machine, median } from './load/compare.ts';
import { startConsoleBrowser } from './servers/console-page.ts';
import { edgePort, npmStart, type StartedPlatform } from './servers/npm-start.ts';

export const question =
  'What does the console cost the platform, in CPU time of all its processes per request: open against closed, and closed against --no-console (targets: at most 3 % more, and nothing)?';

const perSecond = 60;
const roundMs = 5_000;
const rounds = 5;
/** What a page asks for first is its own affair. */
const settleMs = 1_500;
const screens = ['/picture', '/traces', '/logs'];

/**
 * Public reads through the edge at a fixed rate, on a platform without console and on one with it, in turn; on the latter without a page and with one on each
 * screen. At a fixed rate, because a browser that shares the cores takes from a platform that is saturated whatever it does.
 */
export async function run(report: (line: string) => void): Promise<void> {
  const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'kumiko-bench-')));
  const ends: (() => Promise<unknown>)[] = [];
  const names = ['--no-console', 'closed', ...screens];
  const micros = new Map(names.map((name) => [name, [] as number[]]));
  try {
    const bare = await npmStart(folders[0]!, 0, '--no-console');
    ends.push(bare.stop);
    const own = await npmStart(folders[1]!, 0);
    ends.push(own.stop);
    const browser = await startConsoleBrowser(own.consoleUrl!);
    ends.push(browser.close);
    const [barePort, ownPort] = folders.map(edgePort);
    report(machine());
    // The first round warms up.
    for (let round = 0; round <= rounds; round += 1) {
      for (const name of names) {
        const page = name.startsWith('/') ? await browser.open(name) : undefined;
        const measured = name === '--no-console' ? await measure(bare, barePort!) : await measure(own, ownPort!);
        await page?.close();
        if (round > 0) micros.get(name)!.push(measured);
      }
    }
    for (const name of names)
      report(`${name}: ${median(micros.get(name)!).toFixed(0)} µs of CPU time per request, at ${perSecond} requests/s`);
    for (const name of names.slice(1)) {
      const base = name === 'closed' ? '--no-console' : 'closed';
      const ratio = median(micros.get(name)!.map((own, round) => own / micros.get(base)![round]!));
      report(`${name} against ${base}: ${ratio.toFixed(3)} times the CPU time (target ${name === 'closed' ? '1' : '1.03'})`);
    }
  } finally {
    for (const end of ends.toReversed()) await end();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

/** CPU time of all processes of the platform for each request, in microseconds. */
async function measure(platform: StartedPlatform, port: number): Promise<number> {
  const sending = new AbortController();
  const sent = sendAtRate(`http://127.0.0.1:${port}${openRead().path}`, sending.signal);
  await delay(settleMs);
  const [before, countBefore] = [platform.cpuMs(), sent.count];
  await delay(roundMs);
  const used = platform.cpuMs() - before;
  const count = sent.count - countBefore;
  sending.abort();
  await sent.done;
  return (used * 1_000) / count;
}

/** Sends requests at the rate until it is told to end; `done` fails where one is not answered as it should be. */
function sendAtRate(url: string, signal: AbortSignal): { count: number; readonly done: Promise<unknown> } {
  const sent = { count: 0, done: Promise.resolve() as Promise<unknown> };
  const open = new Set<Promise<unknown>>();
  const one = async () => {
    const response = await fetch(url);
    await response.text();
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    sent.count += 1;
  };
  sent.done = (async () => {
    const startedAt = performance.now();
    for (let number = 0; !signal.aborted; number += 1) {
      const due = startedAt + (number * 1_000) / perSecond - performance.now();
      if (due > 0) await delay(due);
      const asked = one();
      open.add(asked);
      // What has failed stays, for whoever waits.
      asked.then(
        () => open.delete(asked),
        () => {},
      );
    }
    await Promise.all(open);
  })();
  return sent;
}
