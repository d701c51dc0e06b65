import { expect, test } from 'vitest';
import { secretOf } from '../../deploy/local/platform/secrets.ts';
import { describeInBrowser, useConsole } from './stage.ts';

describeInBrowser('the levers of the console in a browser', () => {
  const stage = useConsole();

  test.each([
    ['payment_provider', 'is slow (5 s)'],
    ['payment_provider', 'is down'],
    ['payment_provider', 'declines'],
    ['deliveries and webhooks', 'arrive twice'],
    ['spanner', 'aborts every other transaction'],
    ['metadata servers', 'give no tokens'],
  ])('lets a fault happen and undoes it by a click: %s, %s', async (what, fault) => {
    await stage.open('/levers');
    const lever = stage.row(what).getByRole('button', { name: fault });
    await lever.click();
    await stage.row(what).getByRole('button', { name: fault, pressed: true }).waitFor();
    if (fault === 'is down') {
      const authorization = `Bearer ${secretOf(stage.platform.secrets, 'payment-provider-key')}`;
      const answer = await fetch(`${stage.platform.endpoints.outside['payment_provider']}/v1/ledger`, { headers: { authorization } });
      expect(answer.status).toBe(500);
    }
    await lever.click();
    await stage.row(what).getByRole('button', { name: fault, pressed: false }).waitFor();
  });

  test('moves business time', async () => {
    await stage.open('/levers');
    await stage.button('+ a minute').click();
    await stage.page.getByText(/time is 1 min 0 s ahead/).waitFor();
  });

  test('stops, starts and holds one process, and says how it is', async () => {
    await stage.open('/processes');
    await stage.button('Stop webhook').click();
    await stage.page.getByRole('status').filter({ hasText: 'webhook is stopped' }).waitFor();
    await stage.button('Start webhook').click();
    await stage.row('webhook').filter({ hasText: 'running' }).waitFor({ timeout: 30_000 });
    await stage.button('Let webhook stand still').click();
    await stage.row('webhook').filter({ hasText: 'stands still' }).waitFor();
    await stage.button('Let webhook go on').click();
    await stage.row('webhook').filter({ hasText: 'running' }).waitFor();
    const killed = stage.platform.pid('webhook');
    await stage.button('Kill webhook').click();
    // Another instance takes its place.
    await stage.row('webhook').getByText(String(killed)).waitFor({ state: 'detached', timeout: 30_000 });
    await stage.row('webhook').filter({ hasText: 'running' }).waitFor({ timeout: 30_000 });
    expect(stage.platform.pid('webhook')).not.toBe(killed);
  });
});
