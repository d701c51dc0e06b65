import * as z from 'zod';
import { httpUrl, secret } from '../platform/chassis/process/config.ts';
import type { Manifest } from '../platform/chassis/process/manifest.ts';

/** What the customer service needs. */
export const manifest = {
  variables: {
    PAYMENT_PROVIDER: {
      type: z
        .string()
        .regex(/^[a-z0-9-]{1,32}$/)
        .describe("the payment provider's name, as it stands in the path of its webhook"),
      local: () => 'yamapay',
      production: { setting: 'yamapay' },
    },
    PAYMENT_PROVIDER_URL: {
      type: httpUrl,
      local: ({ outsideUrl }) => outsideUrl('payment_provider'),
      production: { setting: 'https://api.yamapay.example' },
    },
    PAYMENT_PROVIDER_KEY: {
      type: secret,
      local: ({ secret }) => secret('payment-provider-key'),
      production: { secret: 'payment-provider-key' },
    },
  },
} satisfies Manifest;
