import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeInBrowser, shots, useConsole } from './stage.ts';

describeInBrowser("a console in a browser is found one's way about in", () => {
  const stage = useConsole();

  test('has an address and a key for each screen, and complains of nothing', async () => {
    await stage.open('/');
    const links = await stage.page
      .locator('nav.side a')
      .evaluateAll((all) => all.map((one) => [one.getAttribute('href'), one.querySelector('kbd')?.textContent]));
    expect(links.length).toBeGreaterThan(8);
    for (const [path, key] of links) {
      await stage.page.keyboard.press(key!);
      await stage.page.waitForURL(`${stage.base}${path}`);
      await stage.page.locator('main > *').first().waitFor();
      await stage.page.reload();
      await stage.page.locator(`nav.side a[aria-current=page][href="${path}"]`).waitFor();
      await stage.page.screenshot({ path: join(shots, `screen${path!.replaceAll('/', '-')}.png`) });
    }
    expect(stage.complaints).toEqual([]);
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
      await stage.open(path);
      await stage.page.locator('main button, main input').first().waitFor();
      const nameless = await stage.page
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
    await stage.open('/traces');
    await stage.page.keyboard.press('Control+k');
    await stage.page.getByRole('combobox', { name: 'Command' }).fill('list deals customer'.replace('list deals', 'listdeals'));
    await stage.page
      .getByRole('listbox', { name: 'Commands that fit' })
      .getByRole('option')
      .first()
      .filter({ hasText: 'CustomerService/ListDeals' })
      .waitFor();
    await stage.page.keyboard.press('Enter');
    await stage.page.waitForURL(/CustomerService\/ListDeals/);
    await stage.button('Send').click();
    await stage.page.getByLabel('Message 1', { exact: true }).filter({ hasText: 'deals/' }).waitFor();
    await stage.page.getByRole('link', { name: 'its trace' }).click();
    await stage.page
      .getByRole('button', { name: /CustomerService\/ListDeals/ })
      .first()
      .waitFor();
    await stage.page.getByLabel('Answer', { exact: true }).filter({ hasText: '"deals"' }).waitFor();
    expect(stage.complaints.filter((text) => !text.includes('404'))).toEqual([]);
  });

  test('draws the parts of the platform, and what goes along their ways just now', async () => {
    await stage.open('/picture');
    const part = (name: string) => stage.page.getByRole('button', { name, exact: true });
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
    let looking = true;
    const calls = (async () => {
      while (looking) await fetch(`${stage.platform.endpoints.edge}/v1/deals`);
    })();
    await stage.page
      .locator('path.busy')
      .first()
      .waitFor()
      .then(() => stage.page.locator('text.rate').filter({ hasText: /\/s/ }).first().waitFor())
      .finally(() => {
        looking = false;
      });
    await calls;
    await part('gateway edge gateway').click();
    await stage.page.getByRole('table', { name: 'Clusters' }).getByRole('cell', { name: 'customer', exact: true }).first().waitFor();
    await stage.page.locator('.filters li', { hasText: 'envoy.filters.http.jwt_authn' }).waitFor();
    await stage.page.reload();
    await stage.page.getByRole('region', { name: 'edge gateway' }).waitFor();
  });

  test('shows the settings of a service, where they come from, and no secret', async () => {
    await stage.open('/picture?part=customer');
    const settings = stage.page.getByRole('table', { name: 'Settings' });
    await settings
      .getByRole('row')
      .filter({ hasText: 'PAYMENT_PROVIDER_KEY' })
      .filter({ hasText: '[masked]' })
      .filter({ hasText: 'Secret Manager' })
      .waitFor();
    await settings.getByRole('row').filter({ hasText: 'SPANNER_EMULATOR_HOST' }).filter({ hasText: '127.0.0.1' }).waitFor();
  });
});
