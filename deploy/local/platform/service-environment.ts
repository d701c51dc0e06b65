import { pathToFileURL } from 'node:url';
import type { LocalAround } from '../../../services/platform/chassis/process/manifest.ts';
import { controlPlane } from '../../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { manifestOf } from '../../environments/manifests.ts';
import { restPathOf } from '../../environments/rest-path.ts';
import { issuers, jwksUri } from './issuers.ts';
import { databaseAddress, location, operatorEmail, project } from './place.ts';
import { containerPort, metadataPort, outsidePort, type Ports, servicePort } from './ports.ts';
import { changes } from './run-changes.ts';
import { type LocalSecrets, secretOf } from './secrets.ts';

/** The environment variables of a service: what Cloud Run would set, with local endpoints. */
export function serviceEnvironment(name: string, ports: Ports, secrets: LocalSecrets): Record<string, string> {
  const around = aroundOf(ports, secrets);
  const own = Object.entries(manifestOf(name).variables).flatMap(([variable, { local }]) => {
    const value = local(around);
    return value === undefined ? [] : [[variable, value]];
  });
  return {
    HOST: '127.0.0.1',
    PORT: String(containerPort(ports, name)),
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
    K_REVISION: name,
    REFLECTION: 'true',
    PUBSUB_EMULATOR_HOST: `127.0.0.1:${ports.pubsub}`,
    GCE_METADATA_HOST: `127.0.0.1:${metadataPort(ports, name)}`,
    METADATA_SERVER_DETECTION: 'assume-present',
    ...Object.fromEntries(own),
  };
}

/** The environment variables of the control plane. */
export function controlPlaneEnvironment(ports: Ports): Record<string, string> {
  return {
    HOST: '127.0.0.1',
    PORT: String(containerPort(ports, controlPlane)),
    STATUS_PORT: String(ports.previews),
    OPERATOR_EMAILS: operatorEmail,
    GOOGLE_CLOUD_PROJECT: project,
    RUN_LOCATIONS: `projects/${project}/locations/${location}`,
    RUN_API_ENDPOINT: `127.0.0.1:${ports.run}`,
    CHANGES_SUBSCRIPTION: changes,
    PUBSUB_EMULATOR_HOST: `127.0.0.1:${ports.pubsub}`,
    GCE_METADATA_HOST: `127.0.0.1:${metadataPort(ports, controlPlane)}`,
    METADATA_SERVER_DETECTION: 'assume-present',
  };
}

/** The environment variables that the migration needs. */
export function databaseEnvironment(ports: Pick<Ports, 'spanner'>): Record<string, string> {
  return {
    GOOGLE_CLOUD_PROJECT: databaseAddress.project,
    SPANNER_INSTANCE: databaseAddress.instance,
    SPANNER_DATABASE: databaseAddress.database,
    SPANNER_EMULATOR_HOST: `127.0.0.1:${ports.spanner}`,
  };
}

function aroundOf(ports: Ports, secrets: LocalSecrets): LocalAround {
  const url = (port: number) => `http://127.0.0.1:${port}`;
  const urlOf = (workload: string) =>
    url(workload === 'edge-gateway' ? ports.edge : workload === 'jobs-gateway' ? ports.jobs : servicePort(ports, workload));
  return {
    project,
    region: location,
    urlOf,
    serviceUrls: Object.fromEntries(serviceNames.map((name) => [name, urlOf(name)])),
    publicUrlOf: (grpcPath) => `${url(ports.edge)}${restPathOf(grpcPath)}`,
    controlPlaneUrl: urlOf(controlPlane),
    // The issuer makes it and signs with it too, so that both make the same tokens.
    partnerSigningKeys: [pathToFileURL(secrets.partnerKeyFile).href],
    secret: (secret) => secretOf(secrets, secret),
    outsideUrl: (system) => url(outsidePort(ports, system)),
    tasksAddress: `127.0.0.1:${ports.tasks}`,
  };
}
