import type { Around, ProductionSource } from '../../services/platform/chassis/process/manifest.ts';
import { controlPlane } from '../../services/platform/contracts/identities.ts';
import { product, serviceNames } from '../../services/platform/contracts/services.ts';
import { collectorAddress, serviceUrl } from '../environments/addresses.ts';
import { googleIssuer, trustedCaFile } from '../environments/deployed-gateway-environment.ts';
import type { Environment } from '../environments/environment.ts';
import { manifestOf } from '../environments/manifests.ts';
import { partnerIdentity, partnerSigningKeys } from '../environments/partner-identity.ts';
import { restPathOf } from '../environments/rest-path.ts';

/** The value of an environment variable: in the manifest, or in Secret Manager. */
export type VariableValue = string | SecretVariable;

/** A variable whose value is the newest version of a secret. */
interface SecretVariable {
  readonly secret: string;
}

/** Where the services find each other: on Cloud Run, or another platform. */
export type UrlOf = (workload: string) => string;

/**
 * The environment variables of a service, those aside that Cloud Run sets itself: PORT and K_*.
 *
 * @param urlOf where services find each other; Cloud Run's URLs where it is left out.
 */
export function serviceVariables(name: string, environment: Environment, urlOf?: UrlOf): Readonly<Record<string, VariableValue>> {
  const { project, spanner, identity, operatorEmails } = environment;
  const around = aroundOf(environment, urlOf ?? ((workload) => serviceUrl(workload, environment)));
  const partner = partnerIdentity(environment, around.urlOf('edge-gateway'));
  const own = Object.entries(manifestOf(name).variables).flatMap(([variable, { production }]): [string, VariableValue][] => {
    const value = resolved(production, environment.settings[name]?.[variable], around);
    return value === undefined ? [] : [[variable, value]];
  });
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
    ...(environment.introspection && { REFLECTION: 'true' }),
    ...Object.fromEntries(own),
  };
}

/** The environment variables of the control plane. */
export function controlPlaneVariables(environment: Environment): Readonly<Record<string, string>> {
  const { project, region, operatorEmails } = environment;
  return {
    GOOGLE_CLOUD_PROJECT: project,
    OPERATOR_EMAILS: operatorEmails.join(','),
    RUN_LOCATIONS: `projects/${project}/locations/${region}`,
    CHANGES_SUBSCRIPTION: changesSubscription,
    TRUSTED_CA_FILE: trustedCaFile,
  };
}

/** The Pub/Sub subscription by which the control plane hears of changes of Cloud Run. */
export const changesSubscription = 'control-plane-changes';

/** The database role of a service: it reaches its own schema and no other. */
export function databaseRole(name: string): string {
  return `${product}_${name}`;
}

/** The secrets of a service, each once. */
export function secretsOf(name: string, environment: Environment): string[] {
  return Object.values(serviceVariables(name, environment)).flatMap((value) => (typeof value === 'string' ? [] : [value.secret]));
}

function resolved(source: ProductionSource, setting: string | undefined, around: Around): VariableValue | undefined {
  if (typeof source === 'function') return source(around);
  return 'secret' in source ? source : setting;
}

function aroundOf(environment: Environment, urlOf: UrlOf): Around {
  const { project, region, domain, github } = environment;
  return {
    project,
    region,
    urlOf,
    serviceUrls: Object.fromEntries(serviceNames.map((name) => [name, urlOf(name)])),
    publicUrlOf: (grpcPath) => `https://${domain}${restPathOf(grpcPath)}`,
    controlPlaneUrl: github.previews ? urlOf(controlPlane) : undefined,
    partnerSigningKeys: partnerSigningKeys(environment),
  };
}
