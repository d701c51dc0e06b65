import * as z from 'zod';
import { serviceNames } from '../../contracts/services.ts';
import { httpUrl, jsonText } from './config.ts';
import { everywhere, type Manifest } from './manifest.ts';

const preview = z.strictObject({
  service: z.enum(serviceNames),
  tag: z.string().regex(/^[a-z][a-z0-9-]{0,45}$/),
  url: httpUrl,
});

/** The variables of a service that calls others: where they are, and the revisions that take no traffic but that of work which asks for them. */
export const otherServices = {
  SERVICE_URLS: {
    type: jsonText
      .pipe(z.record(z.enum(serviceNames), httpUrl))
      .describe(`JSON, the URL of every service by its name: {"${serviceNames[0]}": "https://…", …}`),
    ...everywhere(({ serviceUrls }) => JSON.stringify(serviceUrls)),
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
} satisfies Manifest['variables'];
