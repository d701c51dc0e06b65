import * as z from 'zod';

const address = z.string().regex(/^[^:/]+:\d+$/);

/** The control plane's environment variables. */
export const controlPlaneShape = {
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080).describe('a port from 0 to 65535, 0 for any that is free'),
  HOST: z.string().min(1).default('0.0.0.0').describe('the address to listen on'),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('debug, info, warn, error, fatal or silent'),
  GOOGLE_CLOUD_PROJECT: z.string().min(1).describe('the id of the Google Cloud project'),
  RUN_LOCATIONS: z
    .string()
    .transform((text) => text.split(',').map((one) => one.trim()))
    .pipe(z.array(z.string().regex(/^projects\/[a-z0-9-]+\/locations\/[a-z0-9-]+$/)).min(1))
    .describe('where services run, with commas between: "projects/PROJECT/locations/asia-northeast1"'),
  RUN_API_ENDPOINT: address.optional().describe("host:port of a server that speaks Cloud Run's Admin API without TLS; Google's without it"),
  LISTING_INTERVAL: z.coerce
    .number()
    .int()
    .min(100)
    .default(60_000)
    .describe('milliseconds between two listings, where nobody tells of a change'),
  CHANGES_SUBSCRIPTION: z
    .string()
    .min(1)
    .optional()
    .describe("the Pub/Sub subscription of Cloud Run's audit log; without it changes wait for the next listing"),
  TRUSTED_CA_FILE: z
    .string()
    .min(1)
    .optional()
    .describe("the file of CA certificates in the gateways' image; without it previews are reached without TLS"),
  OPERATOR_EMAILS: z
    .string()
    .transform((text) => text.split(',').map((one) => one.trim()))
    .pipe(z.array(z.email()).min(1))
    .describe('whom the status is told to, with commas between: "operator@example.com"'),
  STATUS_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe('a port of loopback for a page with the same; without it there is none'),
} as const;
