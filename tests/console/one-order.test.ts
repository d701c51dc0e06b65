import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeInBrowser, placeOrder, secret, useConsole } from './stage.ts';

describeInBrowser('one order, in the console in a browser', () => {
  const stage = useConsole();
  let order: string;
  let clientToken: string;

  beforeAll(async () => {
    ({ order, clientToken } = await placeOrder(stage.platform.endpoints));
  });

  describe('events, tasks, schedules and webhooks', () => {
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

  // Last: what was done by hand above is kept and shown as well.
  describe('secrets', () => {
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
      const { traces } = await stage.asPage<{ traces: { trace: string }[] }>('/api/traces?all=1');
      const answers = [
        ...(await Promise.all(traces.map(({ trace }) => stage.asPage(`/api/traces/${trace}`)))),
        await stage.asPage('/api/records?kinds=call,event,task,schedule'),
        await stage.asPage(`/api/story?id=${encodeURIComponent(order)}`),
        await stage.asPage('/api/logs'),
        await stage.asPage('/api/queues'),
        await stage.asPage('/api/webhooks'),
        await stage.asPage('/api/platform'),
      ];
      const shown = JSON.stringify(answers);
      expect(shown).toContain('[masked]');
      expect(shown).toContain(order);
      expect([shown.includes(secret), shown.includes(clientToken), /eyJ[\w-]{20}/.test(shown)]).toEqual([false, false, false]);
      for (const protocol of ['REST', 'gRPC', 'gRPC-Web']) {
        await stage.open('/explorer/kumiko.customer.v1.CustomerService/GetProfile');
        await stage.page.getByRole('combobox', { name: 'Protocol' }).selectOption(protocol);
        await stage.page.getByRole('textbox', { name: 'Whose token' }).fill('hana');
        await stage.button('Send').click();
        await stage.page.getByLabel('Message 1', { exact: true }).filter({ hasText: '[masked]' }).waitFor();
        expect(await stage.page.content()).not.toContain(secret);
      }
    });
  });
});
