import type { DeliveryFaults } from '../../deploy/local/cloud/push/delivery-faults.ts';
import type { Random } from './random.ts';

/** What can go wrong, with what it needs to know. */
export type Fault =
  /** kill -9; the process is started again by itself. */
  | { readonly kind: 'kill'; readonly process: KillableProcess }
  /** The process is killed again and again for this long: nothing accepts connections. */
  | { readonly kind: 'down'; readonly process: KillableProcess; readonly forMs: number }
  /** The process stands still: connections are accepted, nothing is answered. */
  | { readonly kind: 'hang'; readonly process: KillableProcess; readonly forMs: number }
  /** The payment provider is slow and answers some calls with 500, half of them after doing what was asked. */
  | { readonly kind: 'provider'; readonly errorRate: number; readonly latencyMs: number; readonly forMs: number; readonly seed: number }
  /** Pushes, tasks and webhooks come late, twice, out of order, and answers to them are lost. */
  | { readonly kind: 'deliveries'; readonly faults: DeliveryFaults; readonly forMs: number }
  /** The metadata servers are out of reach, and a process starts that needs a token. */
  | { readonly kind: 'metadata'; readonly process: KillableProcess; readonly forMs: number }
  /** A process's business time is off. */
  | { readonly kind: 'skew'; readonly process: SkewedProcess; readonly offMs: number; readonly forMs: number }
  /** The clock is off by which callers' tokens are made. Within the tolerance all goes on; beyond it nobody is let in. */
  | { readonly kind: 'token-times'; readonly offSeconds: number; readonly forMs: number };

/** A fault and when it strikes, in milliseconds of the load. */
export type PlannedFault = Fault & { readonly atMs: number };

const killable = ['edge', 'jobs', 'customer', 'partner', 'webhook', 'job', 'spanner', 'cloud'] as const;
const skewed = ['customer', 'partner', 'webhook', 'job', 'spanner'] as const;

/** A process that drills kill. */
type KillableProcess = (typeof killable)[number];

/** A process whose business time drills set off. */
type SkewedProcess = (typeof skewed)[number];

/** Kinds of faults, the weightiest more than once. */
const makers: readonly ((random: Random) => Fault)[] = [
  (random) => ({ kind: 'kill', process: random.pick(killable) }),
  (random) => ({ kind: 'kill', process: random.pick(killable) }),
  (random) => ({ kind: 'kill', process: random.pick(killable) }),
  (random) => ({
    kind: 'down',
    process: random.pick(['spanner', 'spanner', 'customer', 'job', 'jobs', 'cloud'] as const),
    forMs: random.between(1_000, 4_000),
  }),
  (random) => ({
    kind: 'hang',
    process: random.pick(['spanner', 'spanner', 'customer', 'job', 'partner', 'cloud'] as const),
    forMs: random.between(500, 4_000),
  }),
  (random) => ({
    kind: 'provider',
    errorRate: random.between(10, 60) / 100,
    latencyMs: random.chance(0.3) ? random.between(3_000, 12_000) : random.between(0, 500),
    forMs: random.between(2_000, 6_000),
    seed: random.between(1, 1_000_000),
  }),
  (random) => ({
    kind: 'deliveries',
    faults: {
      delayRate: random.next() * 0.7,
      delayMs: random.between(200, 4_000),
      repeatRate: random.next() * 0.7,
      lostAnswerRate: random.next() * 0.5,
      seed: random.between(1, 1_000_000),
    },
    forMs: random.between(4_000, 9_000),
  }),
  (random) => ({ kind: 'metadata', process: random.pick(['edge', 'jobs', 'job'] as const), forMs: random.between(1_500, 4_000) }),
  (random) => ({
    kind: 'skew',
    process: random.pick(skewed),
    offMs: random.between(-240, 240) * 1000,
    forMs: random.between(2_000, 6_000),
  }),
  (random) => ({
    kind: 'token-times',
    // Clearly within the tolerance of a minute, or clearly beyond it: a call may take ten seconds, and the fault lasts for six.
    offSeconds: (random.chance(0.5) ? 1 : -1) * (random.chance(0.5) ? random.between(5, 40) : random.between(70, 240)),
    forMs: random.between(2_000, 6_000),
  }),
];

/** Faults of one drill: every kind has its turn before one comes twice. */
export function planFaults(random: Random, count: number, loadMs: number): PlannedFault[] {
  const order = Array.from({ length: Math.ceil(count / makers.length) }, () => random.shuffled(makers))
    .flat()
    .slice(0, count);
  return order
    .map((make) => ({ ...make(random), atMs: random.between(Math.floor(loadMs * 0.1), Math.floor(loadMs * 0.9)) }))
    .toSorted((a, b) => a.atMs - b.atMs);
}

/** A fault in a line. */
export function describeFault({ kind, atMs, ...details }: PlannedFault): string {
  return `${String(atMs).padStart(6)} ms  ${kind} ${JSON.stringify(details).replaceAll('"', '')}`;
}
