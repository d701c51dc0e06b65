import { type Browser, chromium, type Page } from 'playwright-core';
import { findBrowser } from '../../tests/browser.ts';

/** A browser that the console of a platform has let in. */
interface ConsoleBrowser {
  /** Shows a screen in a page of its own, such as "/traces". */
  open(path: string): Promise<Page>;
  /** Opens a screen in a page that is there already; the time until it shows a row, in milliseconds. */
  firstRowMs(path: string): Promise<number>;
  close(): Promise<void>;
}

/** Starts Chromium and opens the address that `npm start` has printed. @throws {Error} where there is no browser. */
export async function startConsoleBrowser(consoleUrl: string): Promise<ConsoleBrowser> {
  const executablePath = findBrowser();
  if (executablePath === undefined) throw new Error('this needs a browser: apt-get install chromium');
  const browser: Browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const { origin } = new URL(consoleUrl);
  const first = await context.newPage();
  await first.goto(consoleUrl);
  await first.close();
  return {
    async open(path) {
      const page = await context.newPage();
      await page.goto(`${origin}${path}`);
      await page.locator('main > *').first().waitFor();
      return page;
    },
    async firstRowMs(path) {
      const page = await context.newPage();
      const startedAt = performance.now();
      await page.goto(`${origin}${path}`, { waitUntil: 'commit' });
      await page.locator('main table tbody tr').first().waitFor();
      const took = performance.now() - startedAt;
      await page.close();
      return took;
    },
    close: () => browser.close(),
  };
}
