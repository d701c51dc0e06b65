import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { GatewayEnvironment } from '../../../gateway/bootstrap/environment.ts';
import { audienceOf } from '../../../services/platform/contracts/identities.ts';
import type { Ports } from './ports.ts';
import { type LocalPreview, previewUrls } from './previews.ts';
import type { LocalSecrets } from './secrets.ts';
import type { ServiceName } from './service-names.ts';

/** The project that the local cloud plays. */
export const project = 'kumiko-local';

/** The region that the local cloud plays. */
export const location = 'asia-northeast1';

/** Whom the operator methods let through. */
export const operatorEmail = 'operator@kumiko.example';

const root = join(import.meta.dirname, '../../..');

// The issuers are those of production: only where their keys are found differs. A partner's is the platform itself: its own issuer here has the same key, and
// is there before the partner service that publishes it, so that nothing waits for its own keys.
const issuers = {
  customer: { issuer: `https://securetoken.google.com/${project}`, audience: project },
  partner: { issuer: `https://partner.${project}.kumiko.internal`, audience: audienceOf('edge', project) },
  google: { issuer: 'https://accounts.google.com' },
};

function jwksUri(ports: Ports, name: keyof typeof issuers): string {
  return `http://127.0.0.1:${ports.issuer}/${name}/jwks.json`;
}

/** What the bootstraps of both gateways are compiled for. */
export function gatewayEnvironment(
  ports: Ports,
  role: 'edge' | 'jobs',
  previews: readonly LocalPreview[] = [],
  traces = false,
): GatewayEnvironment {
  const service = (name: ServiceName) => ({ url: `http://127.0.0.1:${ports[name]}` });
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
    services: { customer: service('customer'), partner: service('partner'), webhook: service('webhook'), job: service('job') },
    previews: previewUrls(previews),
    metadataServer: { host: '127.0.0.1', port: ports[`metadata_${role}_gateway`] },
    descriptorFile: join(root, 'services/platform/contracts/gen/descriptor.binpb'),
    wasmDir: join(root, 'wasm-filters/build'),
    corsOrigins: [],
    introspection: 'customer',
    trustedHops: 0,
    // The filters of production, with limits that nobody at home meets.
    rateLimits: { clientPerSecond: 1_000_000, callerPerSecond: 1_000_000, anonymousPerSecond: 1_000_000 },
    compression: true,
    // Whoever looks at traces at home looks for the last request, not for every tenth.
    ...(traces && { otelCollector: { host: '127.0.0.1', port: ports.traces_grpc, samplingPercent: 100 } }),
  };
}

/** The environment variables of a service: what Cloud Run would set, with local endpoints. */
export function serviceEnvironment(
  name: ServiceName,
  ports: Ports,
  secrets: LocalSecrets,
  previews: readonly LocalPreview[],
): Record<string, string> {
  return {
    HOST: '127.0.0.1',
    PORT: String(ports[`${name}_container`]),
    ...databaseEnvironment(ports),
    CUSTOMER_ISSUER: issuers.customer.issuer,
    CUSTOMER_AUDIENCE: issuers.customer.audience,
    CUSTOMER_JWKS_URI: jwksUri(ports, 'customer'),
    PARTNER_ISSUER: issuers.partner.issuer,
    PARTNER_AUDIENCE: issuers.partner.audience,
    PARTNER_JWKS_URI: jwksUri(ports, 'partner'),
    GOOGLE_ISSUER: issuers.google.issuer,
    GOOGLE_JWKS_URI: jwksUri(ports, 'google'),
    OPERATOR_EMAILS: operatorEmail,
    REFLECTION: 'true',
    PUBSUB_EMULATOR_HOST: `127.0.0.1:${ports.pubsub}`,
    GCE_METADATA_HOST: `127.0.0.1:${ports[`metadata_${name}`]}`,
    METADATA_SERVER_DETECTION: 'assume-present',
    ...ownEnvironment(name, ports, secrets, previews),
  };
}

/** The environment variables that the migration needs. */
export function databaseEnvironment(ports: Ports): Record<string, string> {
  return {
    GOOGLE_CLOUD_PROJECT: project,
    SPANNER_INSTANCE: 'kumiko',
    SPANNER_DATABASE: 'kumiko',
    SPANNER_EMULATOR_HOST: `127.0.0.1:${ports.spanner}`,
  };
}

function ownEnvironment(name: ServiceName, ports: Ports, secrets: LocalSecrets, previews: readonly LocalPreview[]): Record<string, string> {
  switch (name) {
    case 'customer':
      return {
        PAYMENT_PROVIDER: 'yamapay',
        PAYMENT_PROVIDER_URL: `http://127.0.0.1:${ports.payment_provider}`,
        PAYMENT_PROVIDER_KEY: secrets.paymentKey,
      };
    case 'partner':
      return {
        PARTNER_SIGNING_KEYS: pathToFileURL(secrets.partnerKeyFile).href,
        PARTNER_TOKEN_ENDPOINT: `http://127.0.0.1:${ports.edge}/v1/partner/token`,
      };
    case 'webhook':
      return {
        WEBHOOK_PROFILES: JSON.stringify([
          profile('payment', 'yamapay', secrets.paymentWebhookSecret),
          profile('shipment', 'hayabusa', secrets.carrierWebhookSecret),
        ]),
      };
    case 'job':
      return {
        CUSTOMER_URL: `http://127.0.0.1:${ports.customer}`,
        PARTNER_URL: `http://127.0.0.1:${ports.partner}`,
        WEBHOOK_URL: `http://127.0.0.1:${ports.webhook}`,
        JOBS_GATEWAY_URL: `http://127.0.0.1:${ports.jobs}`,
        TASKS_LOCATION: location,
        CLOUD_TASKS_ENDPOINT: `127.0.0.1:${ports.tasks}`,
        PREVIEWS: JSON.stringify(previewUrls(previews)),
        INVENTORY_URL: `http://127.0.0.1:${ports.inventory}`,
        INVENTORY_KEY: secrets.inventoryKey,
      };
  }
}

function profile(kind: string, name: string, secret: string): object {
  return { kind, name, header: `${name}-signature`, toleranceSeconds: 300, secrets: [secret] };
}
