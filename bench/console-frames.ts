import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPlatform } from '../deploy/local/platform/start-platform.ts';
import { sendSpans } from '../tests/console/send-spans.ts';
import { machine } from './load/compare.ts';
import { startConsoleBrowser } from './servers/console-page.ts';

export const question =
  'How many frames a second does the console show while 1,000 messages a second arrive: spans, and as many lines of a log (target: 50)?';

const perSecond = 1_000;
const batchMs = 100;
const settleMs = 2_000;
const watchedMs = 6_000;
const screens = ['/logs', '/traces?all=1', '/picture'];
const service = 'customer';

/** Frames of a page as the browser has shown them: how many, and the longest time between two. */
const countFrames = `new Promise((resolve) => {
  const times = [];
  const next = (time) => {
    times.push(time);
    if (time - times[0] < ${watchedMs}) requestAnimationFrame(next);
    else resolve({
      perSecond: ((times.length - 1) * 1000) / (times.at(-1) - times[0]),
      longestMs: Math.max(...times.slice(1).map((one, index) => one - times[index])),
    });
  };
  requestAnimationFrame(next);
})`;

/** Looks at one screen after the other. Nobody calls the platform: what is measured is the page, and what feeds it. */
export async function run(report: (line: string) => void): Promise<void> {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  const platform = await startPlatform({ portBase: 0, stateDir, traces: true, console: true });
  const browser = await startConsoleBrowser(platform.consoleUrl!);
  let sent = 0;
  const sending = setInterval(() => {
    const count = (perSecond * batchMs) / 1_000;
    appendFileSync(join(stateDir, 'logs', `${service}.log`), Array.from({ length: count }, (_, index) => lineOf(sent + index)).join(''));
    void sendSpans(
      platform.endpoints.traces!,
      service,
      Array.from({ length: count }, (_, index) => spanOf(sent + index)),
    );
    sent += count;
  }, batchMs);
  try {
    report(machine());
    for (const screen of screens) {
      const page = await browser.open(screen);
      await page.waitForTimeout(settleMs);
      const [before, startedAt] = [sent, performance.now()];
      const frames = (await page.evaluate(countFrames)) as { perSecond: number; longestMs: number };
      const arrived = ((sent - before) * 1_000) / (performance.now() - startedAt);
      report(
        `${screen}: ${frames.perSecond.toFixed(0)} frames/s (target 50), the longest wait ${frames.longestMs.toFixed(0)} ms, with ${arrived.toFixed(0)} of each a second`,
      );
      await page.close();
    }
  } finally {
    clearInterval(sending);
    await browser.close();
    await platform.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

function lineOf(number: number): string {
  const line = {
    severity: 'INFO',
    time: new Date().toISOString(),
    message: `GetDeal OK ${number}`,
    'logging.googleapis.com/trace': traceOf(number),
  };
  return `${JSON.stringify(line)}\n`;
}

function spanOf(number: number) {
  const endUs = Date.now() * 1_000;
  return {
    trace: traceOf(number),
    id: (number + 1).toString(16).padStart(16, '0'),
    name: `GetDeal ${number}`,
    startUs: endUs - 2_000,
    endUs,
  };
}

function traceOf(number: number): string {
  return (number + 1).toString(16).padStart(32, '0');
}
