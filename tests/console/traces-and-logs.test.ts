import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { sendSpans } from './send-spans.ts';
import { describeInBrowser, placeOrder, useConsole } from './stage.ts';

const hex = (number: number, digits: number) => number.toString(16).padStart(digits, '0');

describeInBrowser('what was seen, in the console in a browser', () => {
  const stage = useConsole();
  let order: string;

  beforeAll(async () => {
    ({ order } = await placeOrder(stage.platform.endpoints));
  });

  test('finds a trace by an attribute, shows its waterfall, and the messages of its hops, masked', async () => {
    await stage.open(`/traces?q=${encodeURIComponent(`service:customer ${order.split('/')[1]}`)}`);
    await stage.row('OpenGroup').click();
    await stage.page
      .getByRole('button', { name: /CustomerService\/OpenGroup/ })
      .first()
      .click();
    await stage.page.getByLabel('Answer', { exact: true }).filter({ hasText: '[masked]' }).waitFor();
    await stage.page
      .getByRole('button', { name: /process orderPlaced/ })
      .first()
      .waitFor();
  });

  test('says what is wrong with a question for traces', async () => {
    await stage.open('/traces?q=%3Efast');
    await stage.page.getByRole('alert').filter({ hasText: 'write for example >100ms' }).waitFor();
    await stage.page.getByRole('searchbox', { name: 'Find traces' }).fill('ListDeals');
    await stage.row('ListDeals').waitFor();
    expect(await stage.page.getByRole('alert').count()).toBe(0);
  });

  test('tells the whole story of an order by its id', async () => {
    await stage.open(`/story/${encodeURIComponent(order)}`);
    for (const text of [
      'CustomerService/OpenGroup',
      'POST /v1/payment_intents',
      'process orderPlaced',
      'process payment webhook',
      'event to job-order-events: 200',
    ]) {
      await stage.row(text).waitFor();
    }
  });

  test('shows the log of all processes as one, and goes on while it is looked at', async () => {
    await stage.open('/logs?q=OpenGroup');
    await stage.page.locator('.log-line', { hasText: 'OpenGroup OK' }).first().waitFor();
    await stage.page.getByRole('searchbox', { name: 'Find lines' }).fill('Deal');
    await stage.page.getByRole('combobox', { name: 'Process' }).selectOption('partner');
    await stage.page.locator('.log-line', { hasText: 'CreateDeal OK' }).first().waitFor();
    expect(await stage.page.locator('.log-line', { hasText: 'OpenGroup OK' }).count()).toBe(0);
    await stage.page.getByRole('combobox', { name: 'Process' }).selectOption('customer');
    const lines = stage.page.locator('.log-line', { hasText: 'GetDeal NOT_FOUND' });
    expect(await lines.count()).toBe(0);
    await fetch(`${stage.platform.endpoints.edge}/v1/deals/nobody-has-it`);
    await lines.first().waitFor();
    await lines.first().click();
    await stage.page.getByRole('link', { name: 'its trace' }).click();
    await stage.page
      .getByRole('button', { name: /GetDeal/ })
      .first()
      .waitFor();
  });

  test('says that the local cloud is away, in each of two consoles, and goes on by itself', async () => {
    const other = await stage.openPage();
    onTestFinished(() => other.close());
    for (const one of [stage.page, other]) await one.goto(`${stage.base}/traces`);
    await stage.row('ListDeals').waitFor();
    // By the levers: one that is killed is there again before anybody has asked it.
    const lever = (verb: 'stop' | 'start') => stage.page.request.post(`${stage.base}/api/processes/cloud/${verb}`, { data: {} });
    const away = (one: Page) => one.getByText('The local cloud does not answer').first();
    expect((await lever('stop')).ok()).toBe(true);
    for (const one of [stage.page, other]) await away(one).waitFor();
    expect((await lever('start')).ok()).toBe(true);
    for (const one of [stage.page, other]) await away(one).waitFor({ state: 'detached' });
    await stage.row('ListDeals').waitFor();
  });

  // Last: there is much in traces and logs from then on.
  describe('what is too much for a screen', () => {
    test('a trace of more than ten thousand spans is shown as far as it goes, which is said, and can be gone through', async () => {
      const { page, platform } = stage;
      const [trace, spans, atOnce] = ['ab'.repeat(16), 10_500, 2_100];
      const startUs = Date.now() * 1_000;
      const made = Array.from({ length: spans }, (_, index) => ({
        trace,
        id: hex(index + 1, 16),
        // Each hangs on the one before, as deep as it goes.
        ...(index > 0 && { parent: hex(index, 16) }),
        name: `step ${index}`,
        startUs: startUs + index,
        endUs: startUs + index + 500,
      }));
      for (let from = 0; from < spans; from += atOnce)
        await sendSpans(platform.endpoints.traces!, 'customer', made.slice(from, from + atOnce));
      await stage.open(`/traces/${trace}`);
      await page.getByText('Only the first 10000 spans are shown.').waitFor();
      await page.getByRole('button', { name: /step 0\b/ }).waitFor();
      // Only what is in sight is made.
      expect(await page.locator('.span-line').count()).toBeLessThan(200);
      await page.getByRole('region', { name: 'Spans' }).evaluate((rows) => rows.scrollTo(0, rows.scrollHeight));
      await page.getByRole('button', { name: /step 9999\b/ }).click();
      await page.getByRole('complementary', { name: 'Span' }).getByText('step 9999').waitFor();
      expect(stage.complaints).toEqual([]);
    });

    test.each([
      ['JSON', (text: string) => JSON.stringify({ severity: 'WARNING', time: new Date().toISOString(), message: text })],
      ['no JSON', (text: string) => text],
    ])('a line of more than a megabyte in a log (%s) is shown by its beginning, and those beside it as ever', async (kind, line) => {
      const { page, platform } = stage;
      const file = join(stage.stateDir, 'logs', 'customer.log');
      await stage.open('/logs?service=customer');
      await page.locator('.log-line').first().waitFor();
      appendFileSync(file, `before ${kind}\n${line(`Long-${kind} ${'x'.repeat(1_200_000)}`)}\nafter ${kind}\n`);
      for (const text of [`before ${kind}`, `Long-${kind}`, `after ${kind}`])
        await page.locator('.log-line', { hasText: text }).first().waitFor();
      await page
        .locator('.log-line', { hasText: `Long-${kind}` })
        .first()
        .click();
      await page
        .getByRole('complementary', { name: 'Line' })
        .getByText(/… \(\d{7} more characters\)/)
        .waitFor();
      // The same when it is read later.
      await stage.open(`/logs?service=customer&q=${encodeURIComponent(`Long-${kind}`)}`);
      await page
        .locator('.log-line', { hasText: `Long-${kind}` })
        .first()
        .waitFor();
      expect(stage.complaints).toEqual([]);
      expect((await fetch(`${platform.endpoints.edge}/v1/deals`)).status).toBe(200);
    });
  });
});
