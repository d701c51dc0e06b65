import * as z from 'zod';
import { httpUrl } from '../platform/chassis/process/config.ts';
import { everywhere, type Manifest } from '../platform/chassis/process/manifest.ts';
import { otherServices } from '../platform/chassis/process/other-services.ts';

/** Where a key is: a version of a Cloud KMS key, or a file. */
const keyName = z
  .string()
  .regex(
    /^(projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+\/cryptoKeyVersions\/\d+|file:\/.+)$/,
    'is neither a key version nor a file',
  );

/** What the partner service needs. */
export const manifest = {
  partnerTokens: { keys: '/kumiko.partner.v1.PartnerTokenService/GetTokenKeys' },
  variables: {
    ...otherServices,
    PARTNER_SIGNING_KEYS: {
      type: z
        .string()
        .transform((list) => list.split(',').map((name) => name.trim()))
        .pipe(z.array(keyName).min(1))
        .describe(
          'keys of partner tokens with commas between, each projects/…/cryptoKeyVersions/N of Cloud KMS or file:/…: the first signs, all are published',
        ),
      ...everywhere(({ partnerSigningKeys }) => partnerSigningKeys.join(',')),
    },
    PARTNER_TOKEN_ENDPOINT: {
      type: httpUrl.describe('the URL of POST /v1/partner/token as partners know it: an audience of their assertions'),
      ...everywhere(({ publicUrlOf }) => publicUrlOf('/kumiko.partner.v1.PartnerTokenService/ExchangeToken')),
    },
  },
} satisfies Manifest;
