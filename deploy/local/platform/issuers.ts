import { audienceOf, internalDomain } from '../../../services/platform/contracts/identities.ts';
import { project } from './place.ts';
import type { Ports } from './ports.ts';

/**
 * Who issues tokens here. The names are those of production: only where the keys are found differs. A partner's issuer is the platform itself: the local one
 * has the same key, and is there before the service that publishes it, so that nothing waits for its own keys.
 */
export const issuers = {
  customer: { issuer: `https://securetoken.google.com/${project}`, audience: project },
  partner: { issuer: `https://partner.${project}.${internalDomain}`, audience: audienceOf('edge', project) },
  google: { issuer: 'https://accounts.google.com' },
};

/** Where an issuer's keys are. */
export function jwksUri(ports: Pick<Ports, 'issuer'>, name: keyof typeof issuers): string {
  return `http://127.0.0.1:${ports.issuer}/${name}/jwks.json`;
}
