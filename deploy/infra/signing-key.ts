import * as gcp from '@pulumi/gcp';
import { partnerKey } from '../environments/partner-identity.ts';
import type { Context } from './context.ts';
import { memberOf, type ServiceAccounts } from './service-accounts.ts';

/** Creates the key that partners' tokens are signed with. It never leaves Cloud KMS: the partner service has digests signed, nobody else may. */
export function createSigningKey({ environment: { project, region }, options }: Context, accounts: ServiceAccounts): void {
  const keyRing = new gcp.kms.KeyRing('key-ring', { project, location: region, name: partnerKey.ring }, options);
  const key = new gcp.kms.CryptoKey(
    'partner-tokens',
    {
      keyRing: keyRing.id,
      name: partnerKey.key,
      purpose: 'ASYMMETRIC_SIGN',
      versionTemplate: { algorithm: 'EC_SIGN_P256_SHA256', protectionLevel: 'SOFTWARE' },
    },
    // A key that is gone ends every partner's access.
    { protect: true },
  );
  new gcp.kms.CryptoKeyIAMMember('partner-signs-tokens', {
    cryptoKeyId: key.id,
    role: 'roles/cloudkms.signerVerifier',
    member: memberOf(accounts.partner),
  });
}
