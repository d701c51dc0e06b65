import { type PlannedFault, planFaults } from './fault-plan.ts';
import { createRandom, type Random } from './random.ts';

/** A deal that the drill's partner puts on sale: little stock, few places. */
export interface DealPlan {
  readonly title: string;
  readonly sku: string;
  readonly groupSize: number;
  readonly stock: number;
  readonly groupLifetimeSeconds: number;
  readonly priceYen: number;
  readonly requestId: string;
}

/** One thing that a customer wants: a place in a group, and what becomes of it. */
export interface WishPlan {
  readonly atMs: number;
  readonly customer: string;
  /** Index among the deals. */
  readonly deal: number;
  /** Opens a group of its own rather than joining one. */
  readonly opens: boolean;
  readonly quantity: number;
  /** For opening a group, and for trying to join one after the other. */
  readonly requestIds: readonly string[];
  /** How often the app sends the same request at the same time. */
  readonly copies: number;
  /** undefined: never pays. */
  readonly card: 'ok' | 'declined' | 'declined-at-capture' | undefined;
  /** Pays when the hold is over: too late. */
  readonly paysLate: boolean;
  /** How long the customer looks at the payment sheet. */
  readonly hesitatesMs: number;
  /** Cancels this long after paying; undefined: does not. */
  readonly cancelsAfterMs: number | undefined;
}

/** Everything that a drill does, as its seed says. */
export interface DrillPlan {
  readonly seed: number;
  readonly loadMs: number;
  readonly customers: readonly string[];
  readonly deals: readonly DealPlan[];
  readonly wishes: readonly WishPlan[];
  /** Share of the confirmed orders that the partner ships at once. */
  readonly shipShare: number;
  readonly faults: readonly PlannedFault[];
  /** The service that runs twice: half of its callers' tokens ask for the second instance. */
  readonly twice: 'customer' | 'partner' | 'job' | undefined;
}

/** How large a drill is. */
interface DrillSize {
  readonly customers: number;
  readonly wishesEach: number;
  readonly loadMs: number;
  readonly faults: number;
}

/** The drill of a seed: the same seed and size, the same load and faults at the same times. */
export function planDrill(seed: number, size: DrillSize): DrillPlan {
  const random = createRandom(seed);
  const customers = Array.from({ length: size.customers }, (_, index) => `customer-${seed}-${index}`);
  const deals = Array.from({ length: 2 }, (_, index) => planDeal(random, seed, index));
  const wishes = customers.flatMap((customer) =>
    Array.from({ length: size.wishesEach }, () => planWish(random, customer, deals.length, size.loadMs)),
  );
  return {
    seed,
    loadMs: size.loadMs,
    customers,
    deals,
    wishes: wishes.toSorted((a, b) => a.atMs - b.atMs),
    shipShare: random.next(),
    faults: planFaults(random, size.faults, size.loadMs),
    twice: random.pick(['customer', 'customer', 'job', 'partner', undefined]),
  };
}

function planDeal(random: Random, seed: number, index: number): DealPlan {
  const groupSize = random.pick([2, 2, 2, 3]);
  return {
    title: `Drill ${seed}/${index}`,
    sku: `DRILL-${seed}-${index}`,
    groupSize,
    // Never enough for everyone, and not always enough for whole groups.
    stock: random.between(groupSize * 3, groupSize * 8),
    // Now and then beyond the 30 days that a task can wait.
    groupLifetimeSeconds: random.chance(0.15) ? random.between(31, 45) * 86_400 : random.between(20, 60) * 60,
    priceYen: random.between(100, 20_000),
    requestId: random.uuid(),
  };
}

function planWish(random: Random, customer: string, deals: number, loadMs: number): WishPlan {
  const pays = random.chance(0.88);
  const cards = ['ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'declined', 'declined-at-capture'] as const;
  return {
    atMs: random.between(0, loadMs),
    customer,
    deal: random.between(0, deals - 1),
    opens: random.chance(0.05),
    quantity: random.chance(0.8) ? 1 : 2,
    requestIds: Array.from({ length: 5 }, () => random.uuid()),
    copies: random.chance(0.2) ? 2 : 1,
    card: pays ? random.pick(cards) : undefined,
    paysLate: random.chance(0.12),
    hesitatesMs: random.between(0, 1_500),
    cancelsAfterMs: random.chance(0.15) ? random.between(0, 2_500) : undefined,
  };
}
