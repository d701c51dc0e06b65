import * as z from 'zod';
import { httpUrl, secret } from '../platform/chassis/process/config.ts';

const preview = z.strictObject({
  service: z.enum(['customer', 'partner', 'webhook', 'job']),
  tag: z.string().regex(/^[a-z][a-z0-9-]{0,45}$/),
  url: httpUrl,
});

/** A revision of a service that takes no traffic but that of work which asks for it. */
export type Preview = z.output<typeof preview>;

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
  PREVIEWS: z
    .string()
    .default('[]')
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(z.array(preview))
    .describe('JSON, as "previews" of the gateways: [{"service", "tag", "url"}]; none without it'),
  INVENTORY_URL: httpUrl,
  INVENTORY_KEY: secret,
};
