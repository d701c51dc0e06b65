import * as z from 'zod';
import type { Manifest } from '../../../../services/platform/chassis/process/manifest.ts';

/** What the notes service needs. */
export const manifest = {
  variables: {
    GREETING: {
      type: z.string().min(1).describe('what every note begins with'),
      local: () => 'Dear reader, ',
      production: { setting: 'Hello, ' },
    },
  },
} satisfies Manifest;
