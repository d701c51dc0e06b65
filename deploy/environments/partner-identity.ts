import { audienceOf, internalDomain } from '../../services/platform/contracts/identities.ts';
import { product } from '../../services/platform/contracts/services.ts';
import type { Environment } from './environment.ts';
import { manifestOf, partnerTokenSigners } from './manifests.ts';
import { restPathOf } from './rest-path.ts';

/** The key ring and the key that partners' tokens are signed with. */
export const partnerKey = { ring: product, key: 'partner-tokens' };

/**
 * Who issues partners' tokens: we do.
 *
 * @param edgeUrl where the edge gateway is from within the network.
 */
export function partnerIdentity({ project }: Environment, edgeUrl: string): { issuer: string; audience: string; jwksUri: string } {
  return {
    issuer: `https://partner.${project}.${internalDomain}`,
    audience: audienceOf('edge', project),
    // Not by the domain: nobody needs a way to the internet for our own keys.
    jwksUri: `${edgeUrl}${keysPath()}`,
  };
}

/** The key versions of partners' tokens, the one that signs first. */
export function partnerSigningKeys({ project, region, partnerKeyVersions }: Environment): string[] {
  const key = `projects/${project}/locations/${region}/keyRings/${partnerKey.ring}/cryptoKeys/${partnerKey.key}`;
  return partnerKeyVersions.map((version) => `${key}/cryptoKeyVersions/${version}`);
}

/** The path of the method that publishes the keys. Where no service signs partners' tokens there are none, and every partner is refused. */
function keysPath(): string {
  const [signer] = partnerTokenSigners;
  const publishes = signer === undefined ? undefined : manifestOf(signer).partnerTokens?.keys;
  return publishes === undefined ? '/no-partner-tokens' : restPathOf(publishes);
}
