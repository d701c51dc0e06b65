import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CustomerApp } from '../deploy/local/demo/customer-app.ts';
import { eventually } from '../deploy/local/demo/narrator.ts';
import { PartnerSystem } from '../deploy/local/demo/partner-system.ts';
import { secretOf } from '../deploy/local/platform/secrets.ts';
import { findBrowser } from './browser.ts';
import { usePlatform } from './test-platform.ts';

const stage = usePlatform({ traces: true, console: true });
const shots = join(import.meta.dirname, '../coverage/console');

const executablePath = findBrowser();
/** CI installs one before. */
const required = process.env['KUMIKO_REQUIRE_BROWSER'] !== undefined;
const missing = executablePath === undefined && !required;
const title = 'the console in a browser';

/** A text that stands in fields that the protos mark, and nowhere else. */
const secret = 'Himitsu-no-michi 7f3a';

describe.skipIf(missing)(missing ? `${title} (skipped: there is none; apt-get install chromium)` : title, () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];
  const elsewhere: string[] = [];
  let order: string;
  let clientToken: string;

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
    browser = await chromium.launch({ executablePath: executablePath ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const first = await openPage();
    await first.goto(stage.platform.consoleUrl!);
    await first.close();
    // One order, with an address and a payment.
    const { endpoints } = stage.platform;
    const acme = await PartnerSystem.connect('acme', endpoints);
    const deal = await acme.publishDeal({ title: 'Tea', priceYen: 1200, groupSize: 2, groupLifetimeSeconds: 3600, stock: 10 });
    const hana = await CustomerApp.signIn('hana', endpoints);
    await hana.setAddress(secret);
    await eventually(
      () => hana.deals(),
      (deals) => deals.some(({ name }) => name === deal),
    );
    const placed = await hana.openGroup(deal);
    clientToken = placed.payment.clientToken;
    order = placed.order.name;
    await hana.pay(placed.payment);
    await eventually(
      () => hana.order(order),
      ({ state }) => state === 'STATE_AUTHORIZED',
    );
  }, 120_000);
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

  const open = (path: string) => page.goto(`${base()}${path}`);
  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });
  const row = (text: string | RegExp) => page.getByRole('row').filter({ hasText: text }).first();

  /** Asks as the page does. */
  const asPage = async <T>(path: string): Promise<T> => (await (await page.request.get(`${base()}${path}`)).json()) as T;

  test('has an address and a key for each screen, and complains of nothing', async () => {
    await open('/');
    const links = await page
      .locator('nav.side a')
      .evaluateAll((all) => all.map((one) => [one.getAttribute('href'), one.querySelector('kbd')?.textContent]));
    expect(links.length).toBeGreaterThan(8);
    for (const [path, key] of links) {
      await page.keyboard.press(key!);
      await page.waitForURL(`${base()}${path}`);
      await page.locator('main > *').first().waitFor();
      await page.reload();
      await page.locator(`nav.side a[aria-current=page][href="${path}"]`).waitFor();
      await page.screenshot({ path: join(shots, `screen${path!.replaceAll('/', '-')}.png`) });
    }
    expect(complaints).toEqual([]);
  });

  test('has names for all that can be used', async () => {
    for (const path of [
      '/traces',
      '/logs',
      '/explorer/kumiko.partner.v1.PartnerService/CreateDeal',
      '/levers',
      '/processes',
      '/tasks/capture-payment',
    ]) {
      await open(path);
      await page.locator('main button, main input').first().waitFor();
      const nameless = await page
        .locator('button, input, select, textarea')
        .evaluateAll((all) =>
          all
            .filter((one) => !one.getAttribute('aria-label') && !one.textContent?.trim() && !one.closest('label'))
            .map((one) => one.outerHTML),
        );
      expect([path, nameless]).toEqual([path, []]);
    }
  });

  test('goes by the palette to a method, sends it, and on to its trace', async () => {
    await open('/traces');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Command' }).fill('list deals customer'.replace('list deals', 'listdeals'));
    await page
      .getByRole('listbox', { name: 'Commands that fit' })
      .getByRole('option')
      .first()
      .filter({ hasText: 'CustomerService/ListDeals' })
      .waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/CustomerService\/ListDeals/);
    await button('Send').click();
    await page.getByLabel('Message 1', { exact: true }).filter({ hasText: 'deals/' }).waitFor();
    await page.getByRole('link', { name: 'its trace' }).click();
    await page
      .getByRole('button', { name: /CustomerService\/ListDeals/ })
      .first()
      .waitFor();
    await page.getByLabel('Answer', { exact: true }).filter({ hasText: '"deals"' }).waitFor();
    expect(complaints.filter((text) => !text.includes('404'))).toEqual([]);
  });

  test('draws the parts of the platform, and what goes along their ways just now', async () => {
    await open('/picture');
    const part = (name: string) => page.getByRole('button', { name, exact: true });
    for (const name of [
      'gateway edge gateway',
      'service customer',
      'topic order-events',
      'queue capture-payment',
      'schedule relay-outbox',
      'outside payment_provider',
    ]) {
      await part(name).waitFor();
    }
    const busy = page.locator('path.busy');
    await fetch(`${stage.platform.endpoints.edge}/v1/deals`);
    await busy.first().waitFor();
    await page.locator('text.rate').filter({ hasText: /\/s/ }).first().waitFor();
    await part('gateway edge gateway').click();
    await page.getByRole('table', { name: 'Clusters' }).getByRole('cell', { name: 'customer', exact: true }).first().waitFor();
    await page.locator('.filters li', { hasText: 'envoy.filters.http.jwt_authn' }).waitFor();
    await page.reload();
    await page.getByRole('region', { name: 'edge gateway' }).waitFor();
  });

  test('finds a trace by an attribute, shows its waterfall, and the messages of its hops, masked', async () => {
    await open(`/traces?q=${encodeURIComponent(`service:customer ${order.split('/')[1]}`)}`);
    await row('OpenGroup').click();
    await page
      .getByRole('button', { name: /CustomerService\/OpenGroup/ })
      .first()
      .click();
    await page.getByLabel('Answer', { exact: true }).filter({ hasText: '[masked]' }).waitFor();
    await page
      .getByRole('button', { name: /process orderPlaced/ })
      .first()
      .waitFor();
  });

  test('says what is wrong with a question for traces', async () => {
    await open('/traces?q=%3Efast');
    await page.getByRole('alert').filter({ hasText: 'write for example >100ms' }).waitFor();
    await page.getByRole('searchbox', { name: 'Find traces' }).fill('ListDeals');
    await row('ListDeals').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  test('tells the whole story of an order by its id', async () => {
    await open(`/story/${encodeURIComponent(order)}`);
    for (const text of [
      'CustomerService/OpenGroup',
      'POST /v1/payment_intents',
      'process orderPlaced',
      'process payment webhook',
      'event to job-order-events: 200',
    ]) {
      await row(text).waitFor();
    }
  });

  test('shows the log of all processes as one, and goes on while it is looked at', async () => {
    await open('/logs?q=OpenGroup');
    await page.locator('.log-line', { hasText: 'OpenGroup OK' }).first().waitFor();
    await page.getByRole('searchbox', { name: 'Find lines' }).fill('Deal');
    await page.getByRole('combobox', { name: 'Process' }).selectOption('partner');
    await page.locator('.log-line', { hasText: 'CreateDeal OK' }).first().waitFor();
    expect(await page.locator('.log-line', { hasText: 'OpenGroup OK' }).count()).toBe(0);
    await page.getByRole('combobox', { name: 'Process' }).selectOption('customer');
    const lines = page.locator('.log-line', { hasText: 'GetDeal NOT_FOUND' });
    expect(await lines.count()).toBe(0);
    await fetch(`${stage.platform.endpoints.edge}/v1/deals/nobody-has-it`);
    await lines.first().waitFor();
    await lines.first().click();
    await page.getByRole('link', { name: 'its trace' }).click();
    await page
      .getByRole('button', { name: /GetDeal/ })
      .first()
      .waitFor();
  });

  test.each([
    ['REST', '200'],
    ['gRPC', 'OK'],
    ['gRPC-Web', 'OK'],
  ])('calls a method by %s with a token of whoever may', async (protocol, code) => {
    await open('/explorer/kumiko.partner.v1.PartnerService/CreateDeal');
    await page.getByRole('combobox', { name: 'Protocol' }).selectOption(protocol);
    await page.getByRole('textbox', { name: 'deal.title' }).fill(`Cup by ${protocol}`);
    await button('Send').click();
    await page
      .getByLabel('Message 1', { exact: true })
      .filter({ hasText: `Cup by ${protocol}` })
      .waitFor();
    await page.locator('strong.good', { hasText: code }).waitFor();
  });

  test.each(['REST', 'gRPC', 'gRPC-Web'])('shows by %s why a method refuses, with the details', async (protocol) => {
    await open('/explorer/kumiko.partner.v1.PartnerService/CreateDeal');
    await page.getByRole('combobox', { name: 'Protocol' }).selectOption(protocol);
    await page.getByRole('textbox', { name: 'deal.title' }).fill('');
    await button('Send').click();
    await page.getByText('BadRequest').first().waitFor();
    await page.getByText('deal.title').first().waitFor();
  });

  test('waits with what is half written, and says so', async () => {
    await open('/explorer/kumiko.partner.v1.PartnerService/CreateDeal');
    await button('JSON').click();
    const text = page.getByRole('textbox', { name: 'Request as JSON' });
    await text.fill('{"deal": {"title": "Cu');
    await page.getByText('no JSON object yet').waitFor();
    expect(await button('Send').isDisabled()).toBe(true);
    await text.fill('{"deal": {"title": 7}}');
    await button('Send').click();
    await page.getByRole('alert').filter({ hasText: 'kumiko.partner.v1.CreateDealRequest' }).waitFor();
  });

  test('runs a stream live until it is stopped', async () => {
    await open('/explorer/kumiko.partner.v1.PartnerService/WatchOrders');
    await page.getByRole('combobox', { name: 'Protocol' }).selectOption('gRPC');
    await button('JSON').click();
    await page.getByRole('textbox', { name: 'Request as JSON' }).fill('{}');
    await button('Send').click();
    await page.getByLabel('Message 1', { exact: true }).waitFor();
    await button('Stop').click();
    await page.getByRole('status').filter({ hasText: 'stopped' }).waitFor();
  });

  test('copies a call for other tools, with the command for a token and never with one', async () => {
    await open('/explorer/kumiko.customer.v1.CustomerService/ListOrders');
    for (const [name, pattern] of [
      ['curl', /^curl -s -X GET 'http:\/\/127\.0\.0\.1:\d+\/v1\/orders.*\$\(npm run -s token -- customer alice\)/s],
      ['grpcurl', /^grpcurl -plaintext.*CustomerService\/ListOrders$/s],
      ['TypeScript', /client\.listOrders\(/],
    ] as const) {
      await button(name).click();
      await page.getByRole('button', { name: 'copied' }).waitFor();
      const copied = await page.evaluate('navigator.clipboard.readText()');
      expect(copied).toMatch(pattern);
      expect(copied).not.toContain('eyJ');
      await button(name).waitFor();
    }
  });

  test('sends a call of a trace again, and puts the two answers side by side', async () => {
    await open('/traces?q=ListDeals');
    await row('ListDeals').click();
    await page.getByRole('link', { name: 'send again, compare' }).click();
    await button('Send').click();
    await page
      .getByRole('region', { name: 'Comparison' })
      .getByText(/beside grpc: (the same|\d+ lines differ)/)
      .waitFor();
  });

  test('sends the same call to a preview, and compares', async () => {
    await open('/levers');
    await page.getByRole('textbox', { name: 'Service of the preview' }).fill('customer');
    await page.getByRole('textbox', { name: 'Tag of the preview' }).fill('pr-7');
    await button('Start').click();
    await row('customer=pr-7').filter({ hasText: 'running' }).waitFor({ timeout: 60_000 });
    await open('/explorer/kumiko.customer.v1.CustomerService/ListOrders');
    await page.getByRole('combobox', { name: 'Protocol' }).selectOption('gRPC');
    await button('Send').click();
    await page.locator('strong.good').waitFor();
    await page.getByRole('combobox', { name: 'Preview of customer' }).selectOption('pr-7');
    await button('Send').click();
    await page.getByRole('region', { name: 'Comparison' }).getByText('grpc beside grpc, customer=pr-7: the same').waitFor();
    await open('/levers');
    await row('customer=pr-7').getByRole('button', { name: 'Stop' }).click();
    await row('customer=pr-7').waitFor({ state: 'detached', timeout: 30_000 });
  }, 120_000);

  test('shows what was delivered, decoded and masked', async () => {
    await open('/events/job-order-events');
    await page
      .getByRole('button', { name: /orderPlaced/ })
      .first()
      .click();
    await page
      .getByLabel('What was sent')
      .filter({ hasText: `"aggregate": "${order}"` })
      .waitFor();
    await open('/events');
    await row(/customer\s*outbox/)
      .getByRole('button', { name: 'Publish now' })
      .click();
    await page
      .getByRole('status')
      .filter({ hasText: /customer: \d+ published/ })
      .waitFor();
  });

  test('shows what waits in a queue, pauses it, and runs a task at once', async () => {
    await open('/tasks/release-hold');
    await button('Pause').click();
    await button('Resume').waitFor();
    await row('release-hold')
      .or(page.getByRole('table', { name: 'Tasks' }).getByRole('row').nth(1))
      .getByRole('button', { name: 'Run now' })
      .first()
      .click();
    await page.getByRole('table', { name: 'Attempts' }).getByText('200').first().waitFor();
    await button('Resume').click();
    await button('Pause').waitFor();
  });

  test('fires a schedule, and shows the answer', async () => {
    await open('/schedules/sync-inventory');
    await row('sync-inventory').getByRole('button', { name: 'Fire' }).click();
    await page.getByRole('table', { name: 'Attempts' }).getByText('200').first().waitFor();
  });

  test('sends a webhook again: it is taken, and one with a broken signature is not', async () => {
    await open('/webhooks');
    const webhook = row('payment.authorized');
    await webhook.getByRole('button', { name: 'Send again' }).click();
    await webhook.getByText('good signature: 200').waitFor();
    await webhook.getByRole('button', { name: 'With a broken signature' }).click();
    await webhook.getByText(/broken signature: 40[13]/).waitFor();
  });

  test.each([
    ['payment_provider', 'is slow (5 s)'],
    ['payment_provider', 'is down'],
    ['payment_provider', 'declines'],
    ['deliveries and webhooks', 'arrive twice'],
    ['spanner', 'aborts every other transaction'],
    ['metadata servers', 'give no tokens'],
  ])('lets a fault happen and undoes it by a click: %s, %s', async (what, fault) => {
    await open('/levers');
    const lever = row(what).getByRole('button', { name: fault });
    await lever.click();
    await row(what).getByRole('button', { name: fault, pressed: true }).waitFor();
    if (fault === 'is down') {
      const authorization = `Bearer ${secretOf(stage.platform.secrets, 'payment-provider-key')}`;
      const answer = await fetch(`${stage.platform.endpoints.outside['payment_provider']}/v1/ledger`, { headers: { authorization } });
      expect(answer.status).toBe(500);
    }
    await lever.click();
    await row(what).getByRole('button', { name: fault, pressed: false }).waitFor();
  });

  test('moves business time', async () => {
    await open('/levers');
    await button('+ a minute').click();
    await page.getByText(/time is 1 min 0 s ahead/).waitFor();
  });

  test('stops, starts and holds one process, and says how it is', async () => {
    await open('/processes');
    await button('Stop webhook').click();
    await page.getByRole('status').filter({ hasText: 'webhook is stopped' }).waitFor();
    await button('Start webhook').click();
    await row('webhook').filter({ hasText: 'running' }).waitFor({ timeout: 30_000 });
    await button('Let webhook stand still').click();
    await row('webhook').filter({ hasText: 'stands still' }).waitFor();
    await button('Let webhook go on').click();
    await row('webhook').filter({ hasText: 'running' }).waitFor();
    const killed = stage.platform.pid('webhook');
    await button('Kill webhook').click();
    // Another instance takes its place.
    await row('webhook').getByText(String(killed)).waitFor({ state: 'detached', timeout: 30_000 });
    await row('webhook').filter({ hasText: 'running' }).waitFor({ timeout: 30_000 });
    expect(stage.platform.pid('webhook')).not.toBe(killed);
  }, 90_000);

  test('says that the local cloud is away, in each of two consoles, and goes on by itself', async () => {
    const other = await openPage();
    for (const one of [page, other]) await one.goto(`${base()}/traces`);
    await row('ListDeals').waitFor();
    const pid = stage.platform.pid('cloud');
    process.kill(pid!, 'SIGKILL');
    for (const one of [page, other]) await one.getByText('The local cloud does not answer').first().waitFor();
    for (const one of [page, other]) await one.getByText('The local cloud does not answer').waitFor({ state: 'detached', timeout: 30_000 });
    await row('ListDeals').waitFor();
    await other.close();
  }, 90_000);

  test('shows no secret: not in what is kept, not in its answers, not in what it copies', async () => {
    const folder = stage.stateDir;
    const files = [
      ...readdirSync(join(folder, 'cloud'))
        .filter((name) => name.startsWith('observed'))
        .map((name) => join(folder, 'cloud', name)),
      ...readdirSync(join(folder, 'logs')).map((name) => join(folder, 'logs', name)),
    ];
    expect(files.length).toBeGreaterThan(8);
    for (const file of files) {
      const bytes = readFileSync(file);
      expect([file, bytes.includes(secret), bytes.includes(clientToken)]).toEqual([file, false, false]);
    }
    const { traces } = await asPage<{ traces: { trace: string }[] }>('/api/traces?all=1');
    const answers = [
      ...(await Promise.all(traces.map(({ trace }) => asPage(`/api/traces/${trace}`)))),
      await asPage('/api/records?kinds=call,event,task,schedule'),
      await asPage(`/api/story?id=${encodeURIComponent(order)}`),
      await asPage('/api/logs'),
      await asPage('/api/queues'),
      await asPage('/api/webhooks'),
      await asPage('/api/platform'),
    ];
    const shown = JSON.stringify(answers);
    expect(shown).toContain('[masked]');
    expect(shown).toContain(order);
    expect([shown.includes(secret), shown.includes(clientToken), /eyJ[\w-]{20}/.test(shown)]).toEqual([false, false, false]);
    for (const protocol of ['REST', 'gRPC', 'gRPC-Web']) {
      await open('/explorer/kumiko.customer.v1.CustomerService/GetProfile');
      await page.getByRole('combobox', { name: 'Protocol' }).selectOption(protocol);
      await page.getByRole('textbox', { name: 'Whose token' }).fill('hana');
      await button('Send').click();
      await page.getByLabel('Message 1', { exact: true }).filter({ hasText: '[masked]' }).waitFor();
      expect(await page.content()).not.toContain(secret);
    }
  });
});
