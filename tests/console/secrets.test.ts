import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { describeInBrowser, placeOrder, secret, useConsole } from './stage.ts';

describeInBrowser('secrets and the console in a browser', () => {
  const stage = useConsole();
  let order: string;
  let clientToken: string;

  beforeAll(async () => {
    ({ order, clientToken } = await placeOrder(stage.platform.endpoints));
  });

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
