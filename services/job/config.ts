import { z } from 'zod';
import { httpUrl, secret } from '../chassis/config.ts';

/** The environment variables that only the job service has. */
export const config = {
  CUSTOMER_URL: httpUrl,
  PARTNER_URL: httpUrl,
  WEBHOOK_URL: httpUrl,
  JOBS_GATEWAY_URL: httpUrl,
  TASKS_LOCATION: z.string().min(1).describe("the Cloud Tasks queues' region, such as asia-northeast1"),
  CLOUD_TASKS_ENDPOINT: z
    .string()
    .regex(/^[^:/]+:\d+$/)
    .optional()
    .describe("host:port of a server that speaks Cloud Tasks without TLS; Google's without it"),
  INVENTORY_URL: httpUrl,
  INVENTORY_KEY: secret,
};
