import * as z from 'zod';
import { httpUrl, secret } from '../platform/chassis/process/config.ts';

/** The environment variables that only the customer service has. */
export const config = {
  PAYMENT_PROVIDER: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .describe("the payment provider's name, as it stands in the path of its webhook"),
  PAYMENT_PROVIDER_URL: httpUrl,
  PAYMENT_PROVIDER_KEY: secret,
};
