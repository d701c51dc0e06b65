import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import { CustomerApp } from '../../deploy/local/demo/customer-app.ts';
import { eventually } from '../../deploy/local/demo/narrator.ts';
import { PartnerSystem } from '../../deploy/local/demo/partner-system.ts';
import type { Endpoints } from '../../deploy/local/platform/endpoints.ts';
import type { Platform } from '../../deploy/local/platform/start-platform.ts';
import { findBrowser } from '../browser.ts';
import { usePlatform } from '../test-platform.ts';

/** Where screenshots are left. */
export const shots = join(import.meta.dirname, '../../coverage/console');

const executablePath = findBrowser();
/** CI installs one before. */
const required = process.env['KUMIKO_REQUIRE_BROWSER'] !== undefined;
const missing = executablePath === undefined && !required;

/** A suite that needs a browser: skipped, and said so, where there is none, but not in CI. */
export function describeInBrowser(title: string, body: () => void): void {
  describe.skipIf(missing)(missing ? `${title} (skipped: there is no browser; apt-get install chromium)` : title, body);
}

/** Starts it. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: executablePath ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
}

/** A text that stands in fields that the protos mark, and nowhere else. */
export const secret = 'Himitsu-no-michi 7f3a';

/** A platform with a console, and a browser that is let in. */
interface ConsoleStage {
  readonly platform: Platform;
  readonly stateDir: string;
  /** The page of the test. Its screenshot is left, and nothing may have been loaded from elsewhere. */
  readonly page: Page;
  /** What the page has complained of. */
  readonly complaints: readonly string[];
  /** The console's address, without a slash at its end. */
  readonly base: string;
  /** One more page of the same browser. */
  openPage(): Promise<Page>;
  open(path: string): Promise<unknown>;
  button(name: string | RegExp): Locator;
  /** The first row of a table with this text. */
  row(text: string | RegExp): Locator;
  /** Asks as the page does. */
  asPage<T>(path: string): Promise<T>;
}

/** Sets the stage for a suite, inside of `describeInBrowser`. */
export function useConsole(): ConsoleStage {
  const stage = usePlatform({ traces: true, console: true });
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];
  const elsewhere: string[] = [];
  const base = () => stage.platform.endpoints.console ?? '';

  async function openPage(): Promise<Page> {
    const made = await context.newPage();
    made.on('pageerror', (error) => complaints.push(String(error)));
    made.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    made.on(
      'request',
      (request) => !request.url().startsWith(base()) && !request.url().startsWith('data:') && elsewhere.push(request.url()),
    );
    return made;
  }

  beforeAll(async () => {
    mkdirSync(shots, { recursive: true });
    browser = await launchBrowser();
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const first = await openPage();
    await first.goto(stage.platform.consoleUrl!);
    await first.close();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    complaints.length = 0;
    elsewhere.length = 0;
    page = await openPage();
  });
  afterEach(async ({ task }) => {
    await page.screenshot({ path: join(shots, `${task.name.replaceAll(/\W+/g, '-').slice(0, 60)}.png`) });
    await page.close();
    expect(elsewhere).toEqual([]);
  });

  return {
    get platform() {
      return stage.platform;
    },
    stateDir: stage.stateDir,
    get page() {
      return page;
    },
    complaints,
    get base() {
      return base();
    },
    openPage,
    open: (path) => page.goto(`${base()}${path}`),
    button: (name) => page.getByRole('button', { name, exact: typeof name === 'string' }),
    row: (text) => page.getByRole('row').filter({ hasText: text }).first(),
    asPage: async <T>(path: string): Promise<T> => (await (await page.request.get(`${base()}${path}`)).json()) as T,
  };
}

/** An order with an address and a payment, placed and paid by the app: its name, and the secret that the app paid with. */
export async function placeOrder(endpoints: Endpoints): Promise<{ readonly order: string; readonly clientToken: string }> {
  const acme = await PartnerSystem.connect('acme', endpoints);
  const deal = await acme.publishDeal({ title: 'Tea', priceYen: 1200, groupSize: 2, groupLifetimeSeconds: 3600, stock: 10 });
  const hana = await CustomerApp.signIn('hana', endpoints);
  await hana.setAddress(secret);
  await eventually(
    () => hana.deals(),
    (deals) => deals.some(({ name }) => name === deal),
  );
  const placed = await hana.openGroup(deal);
  const { name } = placed.order;
  await hana.pay(placed.payment);
  await eventually(
    () => hana.order(name),
    ({ state }) => state === 'STATE_AUTHORIZED',
  );
  return { order: name, clientToken: placed.payment.clientToken };
}
