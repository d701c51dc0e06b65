import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CustomerApp, type PlacementJson } from '../deploy/local/demo/customer-app.ts';
import { callJson } from '../deploy/local/demo/http-json.ts';
import { eventually } from '../deploy/local/demo/narrator.ts';
import { PartnerSystem } from '../deploy/local/demo/partner-system.ts';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { outsideUrl } from '../deploy/local/platform/endpoints.ts';
import { operatorEmail } from '../deploy/local/platform/place.ts';
import { secretOf } from '../deploy/local/platform/secrets.ts';
import { usePlatform } from './test-platform.ts';

const stage = usePlatform();
const program = join(import.meta.dirname, '../deploy/ops/main.ts');

/** The command as a person runs it. */
function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** On the platform of this test. */
const ops = (...args: string[]) => run(...args, '--state-dir', stage.stateDir);

interface Story {
  readonly order: { readonly order: object; readonly payment: string; readonly trace: string };
  readonly fulfilment?: object;
  readonly providerEvents: readonly { readonly type: string; readonly subject: string }[];
  readonly tasks: readonly { readonly queue: string }[];
  readonly unpublishedEvents: readonly object[];
  readonly deadLetters: readonly object[];
  readonly traces: readonly string[];
  readonly unreachable: readonly string[];
}

async function storyOf(name: string): Promise<Story> {
  const { code, stdout, stderr } = await ops('get-order-story', name);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Story;
}

/** Two customers' orders in one group, both paid; what is seen between the two. */
async function completedGroup(partner: PartnerSystem, between: (first: PlacementJson) => Promise<void>): Promise<PlacementJson> {
  const { endpoints } = stage.platform;
  const [opener, joiner] = await Promise.all(['hana', 'ren'].map((name) => CustomerApp.signIn(name, endpoints)));
  const deal = await partner.publishDeal({ title: 'Lamp', priceYen: 900, groupSize: 2, groupLifetimeSeconds: 3600, stock: 10 });
  await eventually(
    () => opener!.deals(),
    (deals) => deals.some(({ name }) => name === deal),
  );
  await Promise.all([opener!.setAddress('1-2'), joiner!.setAddress('3-4')]);
  const first = await opener!.openGroup(deal);
  await opener!.pay(first.payment);
  await eventually(
    () => opener!.order(first.order.name),
    ({ state }) => state === 'STATE_AUTHORIZED',
  );
  await between(first);
  const second = await joiner!.joinGroup(first.group.name);
  await joiner!.pay(second.payment);
  await eventually(
    () => opener!.order(first.order.name),
    ({ paymentState }) => paymentState === 'PAYMENT_STATE_CAPTURED',
  );
  return first;
}

async function deliver(partner: PartnerSystem, order: string): Promise<string> {
  const { endpoints, secrets } = stage.platform;
  await eventually(
    async () => partner.seen.get(order),
    (seen) => seen !== undefined,
  );
  const carrier = `${outsideUrl(endpoints, 'carrier')}/v1/shipments`;
  const { tracking_number: trackingNumber } = await callJson<{ tracking_number: string }>('POST', carrier, {
    bearer: secretOf(secrets, 'carrier-key'),
    body: { reference: order, address: {} },
  });
  await partner.client.shipOrder({ name: order, carrier: 'hayabusa', trackingNumber });
  for (const _leg of ['in_transit', 'delivered']) await callJson('POST', `${carrier}/${trackingNumber}/advance`, { body: {} });
  return trackingNumber;
}

it("tells an order's whole story: what was paid, what waits, what was shipped", async () => {
  const partner = await PartnerSystem.connect('acme', stage.platform.endpoints);
  try {
    partner.watch();
    const { order, payment } = await completedGroup(partner, async (first) => {
      // What the order has caused is done a moment after it is seen.
      const story = await eventually(
        () => storyOf(first.order.name),
        ({ tasks, unpublishedEvents }) => tasks.length === 2 && unpublishedEvents.length === 0,
      );
      expect(story).toMatchObject({
        name: `${first.order.name}/story`,
        order: {
          order: { name: first.order.name, group: first.group.name, state: 'STATE_AUTHORIZED', paymentState: 'PAYMENT_STATE_AUTHORIZED' },
          customer: 'customers/hana',
          partner: 'partners/acme',
          payment: first.payment.id,
        },
        providerEvents: [{ kind: 'payment', type: 'payment.authorized', subject: first.order.name }],
        unpublishedEvents: [],
        deadLetters: [],
        unreachable: [],
      });
      expect(story.tasks.map(({ queue }) => queue)).toEqual(['release-hold', 'expire-group']);
      expect(story.fulfilment).toBeUndefined();
      // The trace in which it was placed: what `npm run traces` and Cloud Trace look it up by.
      expect(story.traces).toEqual([story.order.trace]);
      expect(story.order.trace).toMatch(/^[0-9a-f]{32}$/);
    });
    const trackingNumber = await deliver(partner, order.name);
    const story = await eventually(
      () => storyOf(order.name),
      ({ fulfilment, providerEvents }) => providerEvents.length === 4 && JSON.stringify(fulfilment).includes('STATE_DELIVERED'),
    );
    expect(story.fulfilment).toMatchObject({ partner: 'partners/acme', carrier: 'hayabusa', trackingNumber });
    expect(story.order).toMatchObject({ payment: payment.id, order: { paymentState: 'PAYMENT_STATE_CAPTURED' } });
    expect(story.providerEvents.map(({ type, subject }) => `${type} ${subject}`)).toEqual([
      `payment.authorized ${order.name}`,
      `payment.captured ${order.name}`,
      `shipment.in_transit shipments/hayabusa/${trackingNumber}`,
      `shipment.delivered shipments/hayabusa/${trackingNumber}`,
    ]);
  } finally {
    await partner.close();
  }
});

it('tells the backlogs of every service', async () => {
  const { code, stdout } = await ops('get-backlogs');
  expect(code).toBe(0);
  const { services, unreachable } = JSON.parse(stdout) as {
    services: { service: string; tables: { table: string; rows: number }[] }[];
    unreachable: string[];
  };
  expect(unreachable).toEqual([]);
  expect(services.map(({ service, tables }) => [service, ...tables.map(({ table }) => table)])).toEqual([
    ['customer', 'outbox', 'inbox', 'requests'],
    ['job', 'job_runs'],
    ['partner', 'outbox', 'inbox', 'requests'],
    ['webhook', 'outbox', 'provider_events'],
  ]);
  const inbox = services[0]?.tables[1];
  expect(inbox?.rows).toBeGreaterThan(0);
});

it('registers partners and shows their keys, at a URL with a token, page by page', async () => {
  const { endpoints } = stage.platform;
  const elsewhere = ['--url', endpoints.edge, '--token', await devToken(endpoints, 'operator', operatorEmail)];
  for (const id of ['p-1', 'p-2', 'p-3']) {
    const { code, stdout } = await run('register-partner', '--partner-id', id, '--partner', '{"display_name": "P"}', ...elsewhere);
    expect([code, (JSON.parse(stdout) as { name: string }).name]).toEqual([0, `partners/${id}`]);
  }
  const { stdout } = await run('list-partners', '--page-size', '2', ...elsewhere);
  const names = stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { name: string }).name);
  expect(names).toEqual(expect.arrayContaining(['partners/p-1', 'partners/p-2', 'partners/p-3']));
  expect(await run('list-partner-keys', 'p-1', ...elsewhere)).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await run('list-overdue-groups', ...elsewhere)).toEqual({ code: 0, stdout: '', stderr: '' });
});

it('says what is wrong, and shows operators’ things to nobody else', async () => {
  const { endpoints } = stage.platform;
  expect(await ops('get-order-story', 'orders/none')).toMatchObject({ code: 1, stderr: 'NOT_FOUND: orders/none not found\n' });
  const unparsed = await ops('list-dead-letters', '--filter', 'topics = x');
  expect(unparsed).toMatchObject({ code: 1, stdout: '' });
  expect(unparsed.stderr).toMatch(/^INVALID_ARGUMENT: filter, character 1: there is no field/);
  expect(await ops('list-partner-keys', 'groups/x')).toMatchObject({ code: 2 });
  expect((await ops('get-backlogs', '--filter', 'x')).stderr).toContain("Unknown option '--filter'");
  const alice = await devToken(endpoints, 'customer', 'alice');
  for (const command of [['get-backlogs'], ['get-order-story', 'x'], ['list-overdue-groups']]) {
    const { code, stdout, stderr } = await run(...command, '--url', endpoints.edge, '--token', alice);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^(PERMISSION_DENIED|UNAUTHENTICATED)/);
  }
});
