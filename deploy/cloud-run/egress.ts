import { product } from '../../services/platform/contracts/services.ts';
import { deployedGatewayEnvironment } from '../environments/deployed-gateway-environment.ts';
import type { Environment } from '../environments/environment.ts';
import { serviceVariables } from './service-environment.ts';
import type { Workload } from './workloads.ts';

/** The network tag of everything of ours: it reaches Google and the subnet. */
export const networkTag = product;

/** The network tag of what may reach the internet, by the static address. */
export const thirdPartyTag = `${product}-third-parties`;

/** The hosts outside of Google that a workload is configured to call. Empty: the firewall keeps it off the internet. */
function thirdPartyHosts(workload: Workload, environment: Environment): string[] {
  return [...new Set(configuredUrls(workload, environment).map((url) => new URL(url).hostname))].filter((host) => !isInternal(host)).sort();
}

/** The network tags of a workload. */
export function networkTags(workload: Workload, environment: Environment): string[] {
  return thirdPartyHosts(workload, environment).length === 0 ? [networkTag] : [networkTag, thirdPartyTag];
}

function configuredUrls(workload: Workload, environment: Environment): string[] {
  if (workload.kind === 'control-plane') return [];
  if (workload.kind === 'gateway') {
    const { identity } = deployedGatewayEnvironment(environment);
    return workload.role === 'edge' ? Object.values(identity).map(({ jwksUri }) => jwksUri) : [identity.google.jwksUri];
  }
  const variables = Object.entries(serviceVariables(workload.name, environment));
  // Issuers and the token endpoint are names that are compared: nothing is fetched from them.
  return variables.flatMap(([name, value]) =>
    /_(URL|URI|EXPORTER_OTLP_ENDPOINT)$/.test(name) && typeof value === 'string' ? [value] : [],
  );
}

/** Reached by Private Google Access, by private DNS or on the loopback. */
function isInternal(host: string): boolean {
  return /(^|\.)(googleapis\.com|run\.app|internal)$/.test(host) || host === '127.0.0.1';
}
