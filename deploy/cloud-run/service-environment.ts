import type { Preview } from '../../gateway/bootstrap/environment.ts';
import { collectorAddress, serviceUrl } from '../environments/addresses.ts';
import type { Environment, WorkloadName } from '../environments/environment.ts';
import { googleIssuer, introspected } from '../environments/gateway-environment.ts';
import { partnerIdentity, partnerSigningKeys, partnerTokenEndpoint } from '../environments/partner-identity.ts';
import type { ServiceName } from './workloads.ts';

/** The value of an environment variable: in the manifest, or in Secret Manager. */
export type Variable = string | SecretVariable;

/** A variable whose value is the newest version of a secret. */
export interface SecretVariable {
  readonly secret: string;
}

/** Where the services find each other: on Cloud Run, or another platform. */
export type UrlOf = (name: WorkloadName) => string;

/** What a service finds around it. */
export interface Surroundings {
  /** The revisions that work may ask for; none by default. */
  readonly previews?: readonly Preview[] | undefined;
  /** Default: Cloud Run's URLs. */
  readonly urlOf?: UrlOf | undefined;
}

/** The environment variables of a service, those aside that Cloud Run sets itself: PORT and K_*. */
export function serviceVariables(
  name: ServiceName,
  environment: Environment,
  { previews = [], urlOf = (target) => serviceUrl(target, environment) }: Surroundings = {},
): Readonly<Record<string, Variable>> {
  const { project, spanner, identity, operatorEmails } = environment;
  const partner = partnerIdentity(environment, urlOf('edge-gateway'));
  return {
    GOOGLE_CLOUD_PROJECT: project,
    SPANNER_INSTANCE: spanner.instance,
    SPANNER_DATABASE: spanner.database,
    SPANNER_DATABASE_ROLE: databaseRole(name),
    CUSTOMER_ISSUER: identity.customer.issuer,
    CUSTOMER_AUDIENCE: identity.customer.audience,
    CUSTOMER_JWKS_URI: identity.customer.jwksUri,
    PARTNER_ISSUER: partner.issuer,
    PARTNER_AUDIENCE: partner.audience,
    PARTNER_JWKS_URI: partner.jwksUri,
    GOOGLE_ISSUER: googleIssuer.issuer,
    GOOGLE_JWKS_URI: googleIssuer.jwksUri,
    OPERATOR_EMAILS: operatorEmails.join(','),
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${collectorAddress(environment)}:4318`,
    ...(environment.introspection && name === introspected && { REFLECTION: 'true' }),
    ...ownVariables(name, environment, previews, urlOf),
  };
}

/** The database role of a service: it reaches its own schema and no other. */
export function databaseRole(name: ServiceName): string {
  return `kumiko_${name}`;
}

/** The secrets of a service, each once. */
export function secretsOf(name: ServiceName, environment: Environment): string[] {
  return Object.values(serviceVariables(name, environment)).flatMap((value) => (typeof value === 'string' ? [] : [value.secret]));
}

function ownVariables(name: ServiceName, environment: Environment, previews: readonly Preview[], urlOf: UrlOf): Record<string, Variable> {
  const { region, paymentProvider, inventory } = environment;
  switch (name) {
    case 'customer':
      return {
        PAYMENT_PROVIDER: paymentProvider.name,
        PAYMENT_PROVIDER_URL: paymentProvider.url,
        PAYMENT_PROVIDER_KEY: { secret: 'payment-provider-key' },
      };
    case 'partner':
      return {
        PARTNER_SIGNING_KEYS: partnerSigningKeys(environment).join(','),
        PARTNER_TOKEN_ENDPOINT: partnerTokenEndpoint(environment),
      };
    case 'webhook':
      return { WEBHOOK_PROFILES: { secret: 'webhook-profiles' } };
    case 'job':
      return {
        CUSTOMER_URL: urlOf('customer'),
        PARTNER_URL: urlOf('partner'),
        WEBHOOK_URL: urlOf('webhook'),
        JOBS_GATEWAY_URL: urlOf('jobs-gateway'),
        TASKS_LOCATION: region,
        PREVIEWS: JSON.stringify(previews),
        INVENTORY_URL: inventory.url,
        INVENTORY_KEY: { secret: 'inventory-key' },
      };
  }
}
