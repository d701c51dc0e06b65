import { randomUUID } from 'node:crypto';
import type { Endpoints } from '../platform/endpoints.ts';
import { outsideUrl } from '../platform/endpoints.ts';
import type { LocalSecrets } from '../platform/secrets.ts';
import { secretOf } from '../platform/secrets.ts';
import { CustomerApp, type PlacementJson } from './customer-app.ts';
import { callJson } from './http-json.ts';
import { eventually, expect, type Narrator } from './narrator.ts';
import { PartnerSystem } from './partner-system.ts';

/** The platform that the story is told on. */
export interface Stage {
  readonly endpoints: Endpoints;
  readonly secrets: LocalSecrets;
}

/** Tells both chapters. @throws at the first step whose state is not read back as expected. */
export async function tellStory(narrator: Narrator, stage: Stage): Promise<void> {
  const cast = randomUUID().slice(0, 6);
  const partner = await PartnerSystem.connect('acme', stage.endpoints);
  try {
    const signIn = (name: string) => CustomerApp.signIn(`${name}-${cast}`, stage.endpoints);
    const [hana, ren, yui] = await Promise.all([signIn('hana'), signIn('ren'), signIn('yui')]);
    await completedGroup(narrator, stage, partner, [hana, ren]);
    await expiredGroup(narrator, stage, partner, yui);
  } finally {
    await partner.close();
  }
}

async function completedGroup(
  narrator: Narrator,
  stage: Stage,
  partner: PartnerSystem,
  [opener, joiner]: [CustomerApp, CustomerApp],
): Promise<void> {
  narrator.chapter('A group that completes');
  const title = `Hand-forged knife ${randomUUID().slice(0, 4)}`;
  const deal = await narrator.step('the partner publishes a deal over native gRPC', () =>
    partner.publishDeal({ title, priceYen: 12_000, groupSize: 2, groupLifetimeSeconds: 3600, stock: 10 }),
  );
  await narrator.step('the deal is on sale for everyone', () =>
    eventually(
      () => opener.deals(),
      (deals) => deals.some(({ name }) => name === deal),
    ),
  );
  await narrator.step('the partner watches its orders on a stream', async () => partner.watch());
  await narrator.step('two customers set their addresses over REST', () =>
    Promise.all([opener.setAddress('1-2 Shiokoji-cho'), joiner.setAddress('3-4 Karasuma-dori')]),
  );
  const opened = await narrator.step(`${opener.name} opens a group`, () => opener.openGroup(deal));
  const joined = await narrator.step(`${joiner.name} joins it`, () => joiner.joinGroup(opened.group.name));
  const members = [
    { app: opener, placed: opened },
    { app: joiner, placed: joined },
  ];
  await narrator.step('both confirm their payments with the provider, whose signed webhooks authorise them', async () => {
    await Promise.all(members.map(({ app, placed }) => app.pay(placed.payment)));
    await eventually(
      () => opener.group(opened.group.name),
      (group) => group.authorized === 2,
    );
  });
  await narrator.step('the group is complete', () =>
    eventually(
      () => opener.group(opened.group.name),
      (group) => group.state === 'STATE_COMPLETED',
    ),
  );
  await narrator.step('tasks capture both payments', () =>
    Promise.all(
      members.map(({ app, placed }) =>
        eventually(
          () => app.order(placed.order.name),
          (order) => order.state === 'STATE_CONFIRMED' && order.paymentState === 'PAYMENT_STATE_CAPTURED',
        ),
      ),
    ),
  );
  await narrator.step("the provider's ledger shows one authorisation and one capture for each", () =>
    Promise.all(members.map(({ placed }) => expectLedger(stage, placed, ['authorize', 'capture']))),
  );
  const parcels = await narrator.step('the stream brings both orders, and the partner ships to the addresses', () =>
    Promise.all(members.map(({ placed }) => ship(stage, partner, placed.order.name))),
  );
  await narrator.step("the carrier's webhooks deliver", async () => {
    for (const parcel of parcels) {
      for (const _leg of ['in_transit', 'delivered'])
        await callJson('POST', `${outsideUrl(stage.endpoints, 'carrier')}/v1/shipments/${parcel}/advance`, { body: {} });
    }
    await Promise.all(
      members.map(({ app, placed }) =>
        eventually(
          () => app.order(placed.order.name),
          (order) => order.state === 'STATE_DELIVERED' && order.trackingNumber !== '',
        ),
      ),
    );
  });
}

async function expiredGroup(narrator: Narrator, stage: Stage, partner: PartnerSystem, customer: CustomerApp): Promise<void> {
  narrator.chapter('A group that expires');
  const deal = await narrator.step('the partner publishes a deal whose groups stay open for 3 seconds', async () => {
    const name = await partner.publishDeal({
      title: `Yuzu marmalade ${randomUUID().slice(0, 4)}`,
      priceYen: 900,
      groupSize: 2,
      groupLifetimeSeconds: 3,
      stock: 10,
    });
    await eventually(
      () => customer.deals(),
      (deals) => deals.some((candidate) => candidate.name === name),
    );
    return name;
  });
  const placed = await narrator.step(`${customer.name} opens a group and pays`, async () => {
    await customer.setAddress('5-6 Gojo-dori');
    const opened = await customer.openGroup(deal);
    await customer.pay(opened.payment);
    await eventually(
      () => customer.order(opened.order.name),
      (order) => order.state === 'STATE_AUTHORIZED',
    );
    return opened;
  });
  await narrator.step('nobody joins: the task at its deadline expires the group', () =>
    eventually(
      () => customer.group(placed.group.name),
      (group) => group.state === 'STATE_EXPIRED',
    ),
  );
  await narrator.step('the payment is voided and the order cancelled', () =>
    eventually(
      () => customer.order(placed.order.name),
      (order) =>
        order.state === 'STATE_CANCELLED' &&
        order.cancelReason === 'CANCEL_REASON_GROUP_EXPIRED' &&
        order.paymentState === 'PAYMENT_STATE_VOIDED',
    ),
  );
  await narrator.step("the provider's ledger shows the authorisation and its void, and no capture", () =>
    expectLedger(stage, placed, ['authorize', 'void']),
  );
}

/** Books a parcel with the carrier to where the order goes, and tells the platform. Returns the tracking number. */
async function ship({ endpoints, secrets }: Stage, partner: PartnerSystem, name: string): Promise<string> {
  const order = await eventually(
    async () => partner.seen.get(name),
    (seen) => seen !== undefined,
  );
  const address = order?.shipTo;
  expect(address !== undefined && address.addressLines.length > 0, `${name} came without an address`);
  const { tracking_number: trackingNumber } = await callJson<{ tracking_number: string }>(
    'POST',
    `${outsideUrl(endpoints, 'carrier')}/v1/shipments`,
    {
      bearer: secretOf(secrets, 'carrier-key'),
      headers: { 'idempotency-key': name },
      body: {
        reference: name,
        address: { region_code: address?.regionCode, postal_code: address?.postalCode, lines: address?.addressLines },
      },
    },
  );
  await partner.client.shipOrder({ name, carrier: 'hayabusa', trackingNumber });
  return trackingNumber;
}

async function expectLedger({ endpoints, secrets }: Stage, { order }: PlacementJson, expected: readonly string[]): Promise<void> {
  const url = `${outsideUrl(endpoints, 'payment_provider')}/v1/ledger?reference=${encodeURIComponent(order.name)}`;
  const { entries } = await callJson<{ entries: { type: string }[] }>('GET', url, { bearer: secretOf(secrets, 'payment-provider-key') });
  const types = entries.map(({ type }) => type);
  expect(types.join() === expected.join(), `the ledger of ${order.name} reads [${types.join(', ')}], not [${expected.join(', ')}]`);
}
