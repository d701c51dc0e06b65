import type { ReasonTable } from '../platform/chassis/errors/error-reasons.ts';

/** Every google.rpc.ErrorInfo.reason that the webhook service adds to the platform's. Callers decide by them: they are added and never changed. */
export const reasons = {
  SIGNATURE_INVALID: {
    code: 'UNAUTHENTICATED',
    meaning: "A webhook's signature or time does not hold.",
    remedy: 'Check secret, clock and raw bytes.',
  },
} as const satisfies ReasonTable;

declare module '../platform/chassis/errors/error-reasons.ts' {
  interface ErrorReasons extends Readonly<Record<keyof typeof reasons, ReasonTable[string]>> {}
}
