import { beforeAll, test } from 'vitest';
import { describeInBrowser, placeOrder, useConsole } from './stage.ts';

describeInBrowser('events, tasks, schedules and webhooks in the console in a browser', () => {
  const stage = useConsole();
  let order: string;

  beforeAll(async () => {
    ({ order } = await placeOrder(stage.platform.endpoints));
  });

  test('shows what was delivered, decoded and masked', async () => {
    await stage.open('/events/job-order-events');
    await stage.page
      .getByRole('button', { name: /orderPlaced/ })
      .first()
      .click();
    await stage.page
      .getByLabel('What was sent')
      .filter({ hasText: `"aggregate": "${order}"` })
      .waitFor();
    await stage.open('/events');
    await stage
      .row(/customer\s*outbox/)
      .getByRole('button', { name: 'Publish now' })
      .click();
    await stage.page
      .getByRole('status')
      .filter({ hasText: /customer: \d+ published/ })
      .waitFor();
  });

  test('shows what waits in a queue, pauses it, and runs a task at once', async () => {
    await stage.open('/tasks/release-hold');
    await stage.button('Pause').click();
    await stage.button('Resume').waitFor();
    await stage
      .row('release-hold')
      .or(stage.page.getByRole('table', { name: 'Tasks' }).getByRole('row').nth(1))
      .getByRole('button', { name: 'Run now' })
      .first()
      .click();
    await stage.page.getByRole('table', { name: 'Attempts' }).getByText('200').first().waitFor();
    await stage.button('Resume').click();
    await stage.button('Pause').waitFor();
  });

  test('fires a schedule, and shows the answer', async () => {
    await stage.open('/schedules/sync-inventory');
    await stage.row('sync-inventory').getByRole('button', { name: 'Fire' }).click();
    await stage.page.getByRole('table', { name: 'Attempts' }).getByText('200').first().waitFor();
  });

  test('sends a webhook again: it is taken, and one with a broken signature is not', async () => {
    await stage.open('/webhooks');
    const webhook = stage.row('payment.authorized');
    await webhook.getByRole('button', { name: /payment\.authorized/ }).click();
    await stage.page.getByLabel('What was sent').filter({ hasText: '"client_token": [masked]' }).waitFor();
    await webhook.getByRole('button', { name: 'Send again' }).click();
    await webhook.getByText('good signature: 200').waitFor();
    await webhook.getByRole('button', { name: 'With a broken signature' }).click();
    await webhook.getByText(/broken signature: 40[13]/).waitFor();
  });
});
