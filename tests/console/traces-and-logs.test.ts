import { beforeAll, expect, test } from 'vitest';
import { describeInBrowser, placeOrder, useConsole } from './stage.ts';

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
    for (const one of [stage.page, other]) await one.goto(`${stage.base}/traces`);
    await stage.row('ListDeals').waitFor();
    const pid = stage.platform.pid('cloud');
    // Looked for from before on, in both at once: it is there again in a moment.
    const away = Promise.all([stage.page, other].map((one) => one.getByText('The local cloud does not answer').first().waitFor()));
    process.kill(pid!, 'SIGKILL');
    await away;
    for (const one of [stage.page, other])
      await one.getByText('The local cloud does not answer').waitFor({ state: 'detached', timeout: 30_000 });
    await stage.row('ListDeals').waitFor();
    await other.close();
  });
});
