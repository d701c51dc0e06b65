import { randomUUID } from 'node:crypto';
import type { Client } from '../services/platform/contracts/client.ts';
import { ClientError } from '../services/platform/contracts/client-error.ts';
import { CustomerService } from '../services/platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { CustomerInternalService } from '../services/platform/contracts/gen/types/kumiko/customer/v1/internal_pb.js';
import { clientFor, customerIssuer, project } from '../services/platform/testing/test-service.ts';
import { machine, median } from './load/compare.ts';
import { type CustomerFixture, startCustomerFixture } from './servers/customer-fixture.ts';
import { dealEvent } from './servers/deal-event.ts';

export const question =
  'How many round trips to the database does JoinGroup take (target: at most 3, commit included, without the outbox), and do 100 concurrent joins end right?';

const joiners = 100;
const groupSize = 50;
const stock = 500;
const countedJoins = 5;

type Customers = Client<typeof CustomerService>;

/** Counts the calls of a few joins, one at a time, at a proxy before the local Spanner; then lets a hundred customers into one group at once. */
export async function run(report: (line: string) => void): Promise<void> {
  const fixture = await startCustomerFixture();
  const customers = clientFor(CustomerService, fixture.url, 'edge-gateway');
  try {
    report(machine());
    const deal = await publishDeal(fixture);
    const names = Array.from({ length: joiners + 1 }, (_, index) => `customer-${index}`);
    const [opener, ...others] = await Promise.all(names.map((name) => signIn(fixture, customers, name)));
    await countRoundTrips(report, fixture, customers, deal, opener!, others);
    await joinAtOnce(report, customers, deal, opener!, others);
  } finally {
    customers.close();
    await fixture.close();
  }
}

async function countRoundTrips(
  report: (line: string) => void,
  { proxy }: CustomerFixture,
  customers: Customers,
  deal: string,
  opener: Caller,
  others: readonly Caller[],
): Promise<void> {
  const { group } = await customers.openGroup({ deal, requestId: randomUUID() }, opener);
  const seen: (readonly string[])[] = [];
  for (const joiner of others.slice(0, countedJoins)) {
    proxy.forget();
    await customers.joinGroup({ name: group!.name, requestId: randomUUID() }, joiner);
    seen.push([...proxy.calls]);
  }
  // The first transaction of a process may ask for more; the median is a usual one.
  const usual = seen.toSorted((a, b) => a.length - b.length)[seen.length >> 1]!;
  const placed = usual.slice(0, usual.indexOf('Commit') + 1);
  const after = usual.slice(placed.length);
  report(`round trips to place the order: ${placed.length} (${placed.join(', ')}; target at most 3)`);
  report(`afterwards, for the payment intent and the outbox: ${after.length} (${after.join(', ')})`);
}

async function joinAtOnce(
  report: (line: string) => void,
  customers: Customers,
  deal: string,
  opener: Caller,
  others: readonly Caller[],
): Promise<void> {
  const before = await customers.getDeal({ name: deal });
  const { group } = await customers.openGroup({ deal, requestId: randomUUID() }, opener);
  const name = group!.name;
  const startedAt = performance.now();
  const times: number[] = [];
  const outcomes = await Promise.all(
    others.map(async (joiner) => {
      const outcome = await customers.joinGroup({ name, requestId: randomUUID() }, joiner).then(
        () => 'JOINED',
        (error: unknown) => (error instanceof ClientError ? (error.reason ?? String(error.code)) : String(error)),
      );
      times.push(performance.now() - startedAt);
      return outcome;
    }),
  );
  const after = await customers.getDeal({ name: deal });
  const inside = await Promise.all(others.map(async (joiner) => (await customers.getGroup({ name }, joiner)).ownOrder !== ''));
  const { taken } = await customers.getGroup({ name }, opener);
  const counts = Object.entries(Object.groupBy(outcomes, (outcome) => outcome)).map(([outcome, all]) => `${all!.length} ${outcome}`);
  report(
    `${joiners} joins at once on a group of ${groupSize} with one place taken: ${counts.join(', ')}; taken ${taken}, ` +
      `stock ${before.available} -> ${after.available}; median ${median(times).toFixed(0)} ms, all after ${Math.max(...times).toFixed(0)} ms`,
  );
  const right =
    taken === groupSize &&
    before.available - after.available === BigInt(groupSize) &&
    outcomes.every((outcome, index) => outcome === (inside[index] ? 'JOINED' : 'GROUP_FULL')) &&
    inside.filter(Boolean).length === groupSize - 1;
  if (!right) throw new Error('the group, its orders and the stock do not fit together');
  report('the group, its orders and the stock fit together');
}

/** Options of a call as one customer. */
interface Caller {
  readonly headers: { readonly authorization: string };
}

/** A customer who may order. */
async function signIn({ issuer }: CustomerFixture, customers: Customers, name: string): Promise<Caller> {
  const caller = { headers: { authorization: `Bearer ${await issuer.sign({ iss: customerIssuer, aud: project, sub: name })}` } };
  const shippingAddress = { regionCode: 'JP', postalCode: '600-8216', addressLines: ['1-2 Shiokoji-cho'], recipients: [name] };
  await customers.updateProfile({ profile: { displayName: name, shippingAddress } }, caller);
  return caller;
}

/** A deal on sale, as the partner service tells of it. */
async function publishDeal({ url }: CustomerFixture): Promise<string> {
  const internal = clientFor(CustomerInternalService, url, 'job');
  const event = dealEvent({ groupSize, stock });
  await internal.applyEvent({ event });
  internal.close();
  return event.aggregate;
}
