import type { GatewayEnvironment } from '../../gateway/bootstrap/gateway-environment.ts';
import { controlPlane } from '../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { collectorAddress, serviceUrl } from './addresses.ts';
import type { Environment } from './environment.ts';
import { openRead } from './open-read.ts';
import { partnerIdentity } from './partner-identity.ts';

/** Google's issuer: it signs what operators, triggers and service accounts present. */
export const googleIssuer = { issuer: 'https://accounts.google.com', jwksUri: 'https://www.googleapis.com/oauth2/v3/certs' };

/** The authorities whose certificates are believed, in the images. */
export const trustedCaFile = '/etc/ssl/certs/ca-certificates.crt';

/** The environment of both gateways' bootstraps. Paths are those of the gateway image. */
export function deployedGatewayEnvironment(environment: Environment): GatewayEnvironment {
  const { project, identity, operatorEmails, corsOrigins, introspection, documents, rateLimits, github } = environment;
  return {
    name: 'production',
    project,
    listener: { host: '0.0.0.0', port: 8080 },
    admin: { host: '127.0.0.1', port: 9901 },
    identity: {
      customer: accepted(identity.customer),
      partner: accepted(partnerIdentity(environment, serviceUrl('edge-gateway', environment))),
      google: googleIssuer,
    },
    operatorEmails,
    services: Object.fromEntries(serviceNames.map((name) => [name, { url: serviceUrl(name, environment) }])),
    ...(github.previews && { previews: { controlPlane: serviceUrl(controlPlane, environment) } }),
    metadataServer: { host: '169.254.169.254', port: 80 },
    descriptorFile: '/etc/kumiko/descriptor.binpb',
    wasmDir: '/etc/kumiko/wasm',
    corsOrigins,
    ...(introspection && { introspection: openRead().service }),
    ...(documents.length > 0 && { documents: { folder: '/etc/kumiko/openapi', audiences: documents } }),
    // The external load balancer and Cloud Run's own front end.
    trustedHops: 2,
    rateLimits,
    compression: true,
    otelCollector: { host: collectorAddress(environment), port: 4317 },
    trustedCaFile,
  };
}

function accepted({ issuer, audience, jwksUri }: Environment['identity']['customer']) {
  return { issuer, audiences: [audience], jwksUri };
}
