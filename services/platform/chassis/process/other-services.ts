import * as z from 'zod';
import { serviceNames } from '../../contracts/services.ts';
import { httpUrl, jsonText } from './config.ts';
import { everywhere, type Manifest } from './manifest.ts';

/** The variables of a service that calls others: where they are, and where the revisions are told that take no traffic but that of work which asks for them. */
export const otherServices = {
  SERVICE_URLS: {
    type: jsonText
      .pipe(z.record(z.enum(serviceNames), httpUrl))
      .describe(`JSON, the URL of every service by its name: {"${serviceNames[0]}": "https://…", …}`),
    ...everywhere(({ serviceUrls }) => JSON.stringify(serviceUrls)),
  },
  CONTROL_PLANE_URL: {
    type: httpUrl
      .optional()
      .describe('the URL of the control plane, which tells the revisions that work may ask for; without it there are none'),
    local: ({ controlPlaneUrl }) => controlPlaneUrl,
    production: ({ controlPlaneUrl }) => controlPlaneUrl,
  },
} satisfies Manifest['variables'];
