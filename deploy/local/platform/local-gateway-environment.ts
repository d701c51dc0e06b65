import { join } from 'node:path';
import type { GatewayEnvironment } from '../../../gateway/bootstrap/gateway-environment.ts';
import { audiences } from '../../../gateway/openapi/audience.ts';
import { descriptorFile } from '../../../services/platform/contracts/descriptor-file.ts';
import { documentsFolder } from '../../../services/platform/contracts/documents-folder.ts';
import { controlPlane } from '../../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { openRead } from '../../environments/open-read.ts';
import { issuers, jwksUri } from './issuers.ts';
import { operatorEmail, project } from './place.ts';
import { metadataPort, type Ports, servicePort } from './ports.ts';

const root = join(import.meta.dirname, '../../..');

/** What the bootstraps of both gateways are compiled for. */
export function localGatewayEnvironment(ports: Ports, role: 'edge' | 'jobs', traces = false): GatewayEnvironment {
  return {
    name: 'local',
    project,
    listener: { host: '127.0.0.1', port: ports[role] },
    admin: { host: '127.0.0.1', port: ports[`${role}_admin`] },
    identity: {
      customer: { issuer: issuers.customer.issuer, audiences: [issuers.customer.audience], jwksUri: jwksUri(ports, 'customer') },
      partner: { issuer: issuers.partner.issuer, audiences: [issuers.partner.audience], jwksUri: jwksUri(ports, 'partner') },
      google: { issuer: issuers.google.issuer, jwksUri: jwksUri(ports, 'google') },
    },
    operatorEmails: [operatorEmail],
    services: Object.fromEntries(serviceNames.map((name) => [name, { url: `http://127.0.0.1:${servicePort(ports, name)}` }])),
    previews: { controlPlane: `http://127.0.0.1:${servicePort(ports, controlPlane)}` },
    metadataServer: { host: '127.0.0.1', port: metadataPort(ports, `${role}-gateway`) },
    descriptorFile,
    wasmDir: join(root, 'wasm-filters/build'),
    corsOrigins: [],
    introspection: openRead().service,
    documents: { folder: documentsFolder, audiences: [...audiences] },
    trustedHops: 0,
    // The filters of production, with limits that nobody at home meets.
    rateLimits: { clientPerSecond: 1_000_000, callerPerSecond: 1_000_000, anonymousPerSecond: 1_000_000 },
    compression: true,
    // Whoever looks at traces at home looks for the last request, not for every tenth.
    ...(traces && { otelCollector: { host: '127.0.0.1', port: ports.traces_grpc, samplingPercent: 100 } }),
  };
}
