import * as z from 'zod';
import { httpUrl, secret } from '../platform/chassis/process/config.ts';
import { everywhere, type Manifest } from '../platform/chassis/process/manifest.ts';
import { otherServices } from '../platform/chassis/process/other-services.ts';

/** What the job service needs. */
export const manifest = {
  variables: {
    ...otherServices,
    JOBS_GATEWAY_URL: { type: httpUrl, ...everywhere(({ urlOf }) => urlOf('jobs-gateway')) },
    TASKS_LOCATION: {
      type: z.string().min(1).describe("the Cloud Tasks queues' region, such as asia-northeast1"),
      ...everywhere(({ region }) => region),
    },
    CLOUD_TASKS_ENDPOINT: {
      type: z
        .string()
        .regex(/^[^:/]+:\d+$/)
        .optional()
        .describe("host:port of a server that speaks Cloud Tasks without TLS; Google's without it"),
      local: ({ tasksAddress }) => tasksAddress,
      production: () => undefined,
    },
    INVENTORY_URL: {
      type: httpUrl,
      local: ({ outsideUrl }) => outsideUrl('inventory'),
      production: { setting: 'https://inventory.example' },
    },
    INVENTORY_KEY: { type: secret, local: ({ secret }) => secret('inventory-key'), production: { secret: 'inventory-key' } },
  },
} satisfies Manifest;
