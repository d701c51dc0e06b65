import * as z from 'zod';
import { httpUrl, jsonText, secret } from '../platform/chassis/process/config.ts';
import { everywhere, type Manifest } from '../platform/chassis/process/manifest.ts';
import { serviceNames } from '../platform/contracts/services.ts';

const preview = z.strictObject({
  service: z.enum(serviceNames),
  tag: z.string().regex(/^[a-z][a-z0-9-]{0,45}$/),
  url: httpUrl,
});

/** A revision of a service that takes no traffic but that of work which asks for it. */
export type Preview = z.output<typeof preview>;

/** What the job service needs. */
export const manifest = {
  variables: {
    SERVICE_URLS: {
      type: jsonText
        .pipe(z.record(z.enum(serviceNames), httpUrl))
        .describe(`JSON, the URL of every service by its name: {"${serviceNames[0]}": "https://…", …}`),
      ...everywhere(({ serviceUrls }) => JSON.stringify(serviceUrls)),
    },
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
    PREVIEWS: {
      type: z
        .string()
        .default('[]')
        .pipe(jsonText)
        .pipe(z.array(preview))
        .describe('JSON, as "previews" of the gateways: [{"service", "tag", "url"}]; none without it'),
      ...everywhere(({ previews }) => JSON.stringify(previews)),
    },
    INVENTORY_URL: {
      type: httpUrl,
      local: ({ outsideUrl }) => outsideUrl('inventory'),
      production: { setting: 'https://inventory.example' },
    },
    INVENTORY_KEY: { type: secret, local: ({ secret }) => secret('inventory-key'), production: { secret: 'inventory-key' } },
  },
} satisfies Manifest;
