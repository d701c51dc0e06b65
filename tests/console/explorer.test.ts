import { expect, test } from 'vitest';
import { describeInBrowser, useConsole } from './stage.ts';

describeInBrowser('the explorer of the console in a browser', () => {
  const stage = useConsole();

  test.each([
    ['REST', '200'],
    ['gRPC', 'OK'],
    ['gRPC-Web', 'OK'],
  ])('calls a method by %s with a token of whoever may', async (protocol, code) => {
    await stage.open('/explorer/kumiko.partner.v1.PartnerService/CreateDeal');
    await stage.page.getByRole('combobox', { name: 'Protocol' }).selectOption(protocol);
    await stage.page.getByRole('textbox', { name: 'deal.title' }).fill(`Cup by ${protocol}`);
    await stage.button('Send').click();
    await stage.page
      .getByLabel('Message 1', { exact: true })
      .filter({ hasText: `Cup by ${protocol}` })
      .waitFor();
    await stage.page.locator('strong.good', { hasText: code }).waitFor();
  });

  test.each(['REST', 'gRPC', 'gRPC-Web'])('shows by %s why a method refuses, with the details', async (protocol) => {
    await stage.open('/explorer/kumiko.partner.v1.PartnerService/CreateDeal');
    await stage.page.getByRole('combobox', { name: 'Protocol' }).selectOption(protocol);
    await stage.page.getByRole('textbox', { name: 'deal.title' }).fill('');
    await stage.button('Send').click();
    await stage.page.getByText('BadRequest').first().waitFor();
    await stage.page.getByText('deal.title').first().waitFor();
  });

  test('waits with what is half written, and says so', async () => {
    await stage.open('/explorer/kumiko.partner.v1.PartnerService/CreateDeal');
    await stage.button('JSON').click();
    const text = stage.page.getByRole('textbox', { name: 'Request as JSON' });
    await text.fill('{"deal": {"title": "Cu');
    await stage.page.getByText('no JSON object yet').waitFor();
    expect(await stage.button('Send').isDisabled()).toBe(true);
    await text.fill('{"deal": {"title": 7}}');
    await stage.button('Send').click();
    await stage.page.getByRole('alert').filter({ hasText: 'kumiko.partner.v1.CreateDealRequest' }).waitFor();
  });

  test('runs a stream live until it is stopped', async () => {
    await stage.open('/explorer/kumiko.partner.v1.PartnerService/WatchOrders');
    await stage.page.getByRole('combobox', { name: 'Protocol' }).selectOption('gRPC');
    await stage.button('JSON').click();
    await stage.page.getByRole('textbox', { name: 'Request as JSON' }).fill('{}');
    await stage.button('Send').click();
    await stage.page.getByLabel('Message 1', { exact: true }).waitFor();
    await stage.button('Stop').click();
    await stage.page.getByRole('status').filter({ hasText: 'stopped' }).waitFor();
  });

  test('copies a call for other tools, with the command for a token and never with one', async () => {
    await stage.open('/explorer/kumiko.customer.v1.CustomerService/ListOrders');
    for (const [name, pattern] of [
      ['curl', /^curl -s -X GET 'http:\/\/127\.0\.0\.1:\d+\/v1\/orders.*\$\(npm run -s token -- customer alice\)/s],
      ['grpcurl', /^grpcurl -plaintext.*CustomerService\/ListOrders$/s],
      ['TypeScript', /client\.listOrders\(/],
    ] as const) {
      await stage.button(name).click();
      await stage.page.getByRole('button', { name: 'copied' }).waitFor();
      const copied = await stage.page.evaluate('navigator.clipboard.readText()');
      expect(copied).toMatch(pattern);
      expect(copied).not.toContain('eyJ');
      await stage.button(name).waitFor();
    }
  });

  test('sends a call of a trace again, and puts the two answers side by side', async () => {
    await stage.open('/traces?q=ListDeals');
    await stage.row('ListDeals').click();
    await stage.page.getByRole('link', { name: 'send again, compare' }).click();
    await stage.button('Send').click();
    await stage.page
      .getByRole('region', { name: 'Comparison' })
      .getByText(/beside grpc: (the same|\d+ lines differ)/)
      .waitFor();
  });

  test('sends the same call to a preview, and compares', async () => {
    await stage.open('/levers');
    await stage.page.getByRole('textbox', { name: 'Service of the preview' }).fill('customer');
    await stage.page.getByRole('textbox', { name: 'Tag of the preview' }).fill('pr-7');
    await stage.button('Start').click();
    await stage.row('customer=pr-7').filter({ hasText: 'running' }).waitFor({ timeout: 60_000 });
    await stage.open('/explorer/kumiko.customer.v1.CustomerService/ListOrders');
    await stage.page.getByRole('combobox', { name: 'Protocol' }).selectOption('gRPC');
    await stage.button('Send').click();
    await stage.page.locator('strong.good').waitFor();
    await stage.page.getByRole('combobox', { name: 'Preview of customer' }).selectOption('pr-7');
    await stage.button('Send').click();
    await stage.page.getByRole('region', { name: 'Comparison' }).getByText('grpc beside grpc, customer=pr-7: the same').waitFor();
    await stage.open('/levers');
    await stage.row('customer=pr-7').getByRole('button', { name: 'Stop' }).click();
    await stage.row('customer=pr-7').waitFor({ state: 'detached', timeout: 30_000 });
  }, 240_000);
});
