import { serviceNames } from '../../services/platform/contracts/services.ts';
import { type GatewayEnvironment, readGatewayEnvironment } from '../bootstrap/gateway-environment.ts';
import type { Surroundings } from './surroundings.ts';

/** The local platform's environment, with these surroundings in place of its servers. */
export function environmentOf({ upstream, authority }: Pick<Surroundings, 'upstream' | 'authority'>): GatewayEnvironment {
  const local = readGatewayEnvironment('gateway/bootstrap/environments/local.yaml');
  const jwksUri = `http://127.0.0.1:${authority.port}/jwks.json`;
  const url = `http://127.0.0.1:${upstream.port}`;
  const { customer, partner, google } = local.identity;
  return {
    ...local,
    identity: { customer: { ...customer, jwksUri }, partner: { ...partner, jwksUri }, google: { ...google, jwksUri } },
    services: Object.fromEntries(serviceNames.map((name) => [name, { url }])),
    metadataServer: { host: '127.0.0.1', port: authority.port },
  };
}
