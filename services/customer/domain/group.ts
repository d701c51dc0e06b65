/** How far a group is. */
type GroupState = 'OPEN' | 'COMPLETED' | 'EXPIRED';

/** What can happen to a group. */
type GroupTrigger = 'complete' | 'expire';

/** Every legal transition of a group: it ends once. */
export const groupTransitions: Readonly<Record<GroupState, Readonly<Partial<Record<GroupTrigger, GroupState>>>>> = {
  OPEN: { complete: 'COMPLETED', expire: 'EXPIRED' },
  COMPLETED: {},
  EXPIRED: {},
};

/** A group of orders for one deal. Ids without their resource prefix. */
export interface Group {
  readonly id: string;
  readonly deal: string;
  readonly state: GroupState;
  /** Orders that complete the group. */
  readonly size: number;
  /** Orders that take a place, paid or held. */
  readonly taken: number;
  /** Orders whose payment is authorised. */
  readonly authorized: number;
  readonly expireTime: Date;
  /** Incremented by one for each change. */
  readonly version: bigint;
  /** The last change. */
  readonly updateTime: Date;
}

/** Whether a deal is on sale. */
export const dealStates = ['OPEN', 'CLOSED'] as const;

/** The sellable copy of a published deal. */
export interface Deal {
  readonly id: string;
  readonly partner: string;
  readonly title: string;
  readonly description: string;
  readonly priceMicros: bigint;
  readonly currency: string;
  readonly groupSize: number;
  readonly groupLifetimeSeconds: number;
  /** Units that the partner gives to this deal, in all. */
  readonly stock: bigint;
  /** Units that active orders take. */
  readonly reserved: bigint;
  readonly state: (typeof dealStates)[number];
  /** The partner service's version of the deal that this copy shows. */
  readonly version: bigint;
  readonly publishTime: Date;
  /** The last change, that of the units that are left included. */
  readonly updateTime: Date;
}

/** Units that can still be ordered. Less stock than was sold already leaves none. */
export function availableUnits(deal: Pick<Deal, 'stock' | 'reserved'>): bigint {
  return deal.stock > deal.reserved ? deal.stock - deal.reserved : 0n;
}

/** Whether the group takes further orders at this time. */
export function isOpen(group: Group, now: Date): boolean {
  return group.state === 'OPEN' && now < group.expireTime;
}
