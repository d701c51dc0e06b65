import { getOption } from '@bufbuild/protobuf';
import { http } from '../../services/platform/contracts/gen/types/google/api/annotations_pb.js';
import { PartnerTokenService } from '../../services/platform/contracts/gen/types/kumiko/partner/v1/identity_pb.js';
import { audienceOf } from '../../services/platform/contracts/identities.ts';
import type { Environment } from './environment.ts';

/** The key ring and the key that partners' tokens are signed with. */
export const partnerKey = { ring: 'kumiko', key: 'partner-tokens' };

/**
 * Who issues partners' tokens: we do.
 *
 * @param edgeUrl where the edge gateway is from within the network.
 */
export function partnerIdentity({ project }: Environment, edgeUrl: string): { issuer: string; audience: string; jwksUri: string } {
  return {
    issuer: `https://partner.${project}.kumiko.internal`,
    audience: audienceOf('edge', project),
    // Not by the domain: nobody needs a way to the internet for our own keys.
    jwksUri: `${edgeUrl}${pathOf('getTokenKeys')}`,
  };
}

/** The URL where partners exchange assertions for tokens. */
export function partnerTokenEndpoint({ domain }: Environment): string {
  return `https://${domain}${pathOf('exchangeToken')}`;
}

/** The key versions that the partner service opens. */
export function partnerSigningKeys({ project, region, partnerKeyVersions }: Environment): string[] {
  const key = `projects/${project}/locations/${region}/keyRings/${partnerKey.ring}/cryptoKeys/${partnerKey.key}`;
  return partnerKeyVersions.map((version) => `${key}/cryptoKeyVersions/${version}`);
}

function pathOf(method: 'getTokenKeys' | 'exchangeToken'): string {
  const { pattern } = getOption(PartnerTokenService.method[method], http);
  if (pattern.case !== 'get' && pattern.case !== 'post') throw new Error(`PartnerTokenService.${method} has no REST path`);
  return pattern.value;
}
