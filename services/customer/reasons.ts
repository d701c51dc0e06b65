import type { ReasonTable } from '../platform/chassis/errors/error-reasons.ts';

/** Every google.rpc.ErrorInfo.reason that the customer service adds to the platform's. Callers decide by them: they are added and never changed. */
export const reasons = {
  ALREADY_MEMBER: {
    code: 'FAILED_PRECONDITION',
    meaning: 'The customer has an order in this group.',
    remedy: 'Read the group: own_order names it.',
  },
  GROUP_COMPLETED: { code: 'FAILED_PRECONDITION', meaning: 'The group is complete.', remedy: 'Open another group.' },
  GROUP_EXPIRED: { code: 'FAILED_PRECONDITION', meaning: "The group's deadline has passed.", remedy: 'Open another group.' },
  GROUP_FULL: {
    code: 'FAILED_PRECONDITION',
    meaning: 'Every place in the group is taken.',
    remedy: 'Wait for a hold to end, or open another group.',
  },
  ORDER_SHIPPED: {
    code: 'FAILED_PRECONDITION',
    meaning: 'The order was shipped.',
    remedy: 'Customers: return it. Partners: it has its parcel.',
  },
  OUT_OF_STOCK: {
    code: 'FAILED_PRECONDITION',
    meaning: 'The deal has fewer units left than the order asks for.',
    remedy: 'Ask for less, or wait.',
  },
  PAYMENT_DECLINED: {
    code: 'UNAVAILABLE',
    meaning: 'The provider declined a capture; it is tried again.',
    remedy: 'Internal: the task repeats it.',
  },
  SHIPPING_ADDRESS_REQUIRED: {
    code: 'FAILED_PRECONDITION',
    meaning: 'The profile has no shipping address.',
    remedy: 'Set it by UpdateProfile.',
  },
} as const satisfies ReasonTable;

declare module '../platform/chassis/errors/error-reasons.ts' {
  interface ErrorReasons extends Readonly<Record<keyof typeof reasons, ReasonTable[string]>> {}
}
