import { isPayable } from '../../platform/contracts/currencies.ts';

/** How far a deal is. */
export type DealState = 'DRAFT' | 'PUBLISHED' | 'CLOSED';

/** A partner's deal. Ids without their resource prefix. */
export interface Deal {
  readonly id: string;
  readonly partner: string;
  readonly title: string;
  readonly description: string;
  readonly priceMicros: bigint;
  readonly currency: string;
  readonly groupSize: number;
  readonly groupLifetimeSeconds: number;
  /** Units given to this deal, in all. */
  readonly stock: bigint;
  readonly sku: string;
  readonly state: DealState;
  /** Incremented by one for each change. */
  readonly version: bigint;
  readonly createTime: Date;
  /** When it was last written. */
  readonly updateTime: Date;
}

/** What the partner does with a deal. */
export type DealTrigger = 'publish' | 'close';

/** Every legal transition of a deal. What is missing is refused; what leads to where the deal is already changes nothing. */
export const dealTransitions: Readonly<Record<DealState, Readonly<Partial<Record<DealTrigger, DealState>>>>> = {
  DRAFT: { publish: 'PUBLISHED', close: 'CLOSED' },
  PUBLISHED: { publish: 'PUBLISHED', close: 'CLOSED' },
  CLOSED: { close: 'CLOSED' },
};

/** The fields that a published deal may no longer change: customers joined its groups for them. */
const fixedFields = ['priceMicros', 'currency', 'groupSize', 'sku'] as const satisfies readonly (keyof Deal)[];

/** Which fixed fields of a published deal a change would touch. Empty for a draft. */
export function touchedFixedFields(before: Deal, after: Deal): readonly (typeof fixedFields)[number][] {
  return before.state === 'DRAFT' ? [] : fixedFields.filter((field) => before[field] !== after[field]);
}

/** What keeps a draft from being published. */
export function missingForPublishing(deal: Deal): readonly string[] {
  return [
    ...(deal.title === '' ? ['title'] : []),
    ...(deal.sku === '' ? ['sku'] : []),
    ...(!isPayable(deal.priceMicros, deal.currency) ? ['price'] : []),
    ...(deal.groupSize < 2 ? ['group_size'] : []),
    ...(deal.stock < BigInt(deal.groupSize) ? ['stock'] : []),
  ];
}
