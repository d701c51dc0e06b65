import * as gcp from '@pulumi/gcp';
import { partnerTokenSigners } from '../environments/manifests.ts';
import { partnerKey } from '../environments/partner-identity.ts';
import type { Context } from './context.ts';
import { memberOf, type ServiceAccounts } from './service-accounts.ts';

/** Creates the key that partners' tokens are signed with. It never leaves Cloud KMS: the services whose manifests say so have digests signed, nobody else may. */
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
  for (const signer of partnerTokenSigners) {
    new gcp.kms.CryptoKeyIAMMember(`${signer}-signs-tokens`, {
      cryptoKeyId: key.id,
      role: 'roles/cloudkms.signerVerifier',
      member: memberOf(accounts, signer),
    });
  }
}
