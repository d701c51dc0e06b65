import * as z from 'zod';
import { httpUrl } from '../platform/chassis/process/config.ts';

/** Where a key is: a version of a Cloud KMS key, or a file. */
const keyName = z
  .string()
  .regex(
    /^(projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+\/cryptoKeyVersions\/\d+|file:\/.+)$/,
    'is neither a key version nor a file',
  );

/** The environment variables that only the partner service has. */
export const config = {
  PARTNER_SIGNING_KEYS: z
    .string()
    .transform((list) => list.split(',').map((name) => name.trim()))
    .pipe(z.array(keyName).min(1))
    .describe(
      'keys of partner tokens with commas between, each projects/…/cryptoKeyVersions/N of Cloud KMS or file:/…: the first signs, all are published',
    ),
  PARTNER_TOKEN_ENDPOINT: httpUrl.describe('the URL of POST /v1/partner/token as partners know it: an audience of their assertions'),
};
