import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommandPlatform } from '../command-platform.ts';
import { describeInBrowser, launchBrowser, shots } from './stage.ts';

const patienceMs = 240_000;

describeInBrowser('a page of the console, below which the platform restarts', () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-'));
  let platform: CommandPlatform;
  let portBase: number;
  let browser: Browser;
  let page: Page;

  const consoleUrl = () => /the console: (\S+)/.exec(platform.output)?.[1] ?? '';
  const away = () => page.getByRole('status').filter({ hasText: 'the platform does not answer' });
  const pidOfCustomer = () => page.getByRole('row').filter({ hasText: 'customer' }).first().innerText();

  /** Kills the platform with all that belongs to it, and starts another one at its ports. */
  async function replace(between: () => Promise<unknown>): Promise<void> {
    platform.signal('SIGKILL');
    await platform.exit();
    await between();
    // Its other processes end a moment after it, and have its ports until then.
    await expect.poll(() => platform.alive).toBe(false);
    platform = new CommandPlatform(stateDir, ['--port-base', String(portBase)]);
    await platform.ready();
  }

  beforeAll(async () => {
    mkdirSync(shots, { recursive: true });
    platform = new CommandPlatform(stateDir);
    portBase = Number(new URL((await platform.ready()).edge).port);
    browser = await launchBrowser();
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    page = await context.newPage();
    await page.goto(consoleUrl());
  }, patienceMs);
  afterAll(async () => {
    await browser?.close();
    platform.signal('SIGTERM');
    await platform.exit();
    rmSync(stateDir, { recursive: true, force: true });
  });

  test(
    'says that nobody answers, and goes on by itself with the token that it had',
    async () => {
      await page.goto(`${new URL(consoleUrl()).origin}/processes`);
      const before = await pidOfCustomer();
      const address = consoleUrl();
      await replace(async () => {
        await away().waitFor();
        await page.screenshot({ path: join(shots, 'platform-is-away.png') });
      });
      await away().waitFor({ state: 'detached' });
      await page.getByRole('status').filter({ hasText: 'processes run' }).waitFor();
      expect(await pidOfCustomer()).not.toBe(before);
      expect(consoleUrl()).toBe(address);
    },
    patienceMs,
  );

  test(
    'resets the platform once somebody has confirmed it, and goes on by itself',
    async () => {
      await page.goto(`${new URL(consoleUrl()).origin}/levers`);
      await page.getByRole('button', { name: '+ a week' }).click();
      await page.getByText(/time is 7 d 0 h ahead/).waitFor();
      await page.getByRole('button', { name: 'Reset…' }).click();
      await page.getByRole('button', { name: 'Keep it' }).click();
      expect(await page.getByRole('button', { name: 'Forget everything' }).count()).toBe(0);
      await page.getByRole('button', { name: 'Reset…' }).click();
      // Looked for from before on: the console is there again in a second.
      await Promise.all([
        page.getByText('Everything is being stopped, forgotten and started again').waitFor(),
        away().waitFor(),
        page.getByRole('button', { name: 'Forget everything' }).click(),
      ]);
      await page.getByRole('status').filter({ hasText: 'processes run' }).waitFor({ timeout: patienceMs });
      await page.getByText(/time is .* ahead/).waitFor({ state: 'detached' });
      // What a first start has.
      await expect
        .poll(async () => page.request.get(`http://127.0.0.1:${portBase}/v1/deals`).then((answer) => answer.text()))
        .toContain('deals/');
      const { runs } = (await (await page.request.get(`${new URL(consoleUrl()).origin}/api/traces`)).json()) as { runs: unknown[] };
      expect(runs).toHaveLength(1);
    },
    patienceMs,
  );

  test(
    'says how to be let in again, where the state and with it the token was reset, and then goes on',
    async () => {
      await page.goto(`${new URL(consoleUrl()).origin}/processes`);
      await replace(async () => rmSync(stateDir, { recursive: true }));
      await page.getByRole('status').filter({ hasText: 'open the address that npm start has printed' }).waitFor({ timeout: patienceMs });
      const other = await page.context().newPage();
      await other.goto(consoleUrl());
      await page.getByRole('status').filter({ hasText: 'processes run' }).waitFor();
      await other.close();
    },
    patienceMs,
  );
});
