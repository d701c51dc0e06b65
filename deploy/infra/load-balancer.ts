import * as gcp from '@pulumi/gcp';
import type { Output } from '@pulumi/pulumi';
import { product } from '../../services/platform/contracts/services.ts';
import { candidateDomain } from '../environments/addresses.ts';
import type { Context } from './context.ts';
import { publicReadPaths } from './public-reads.ts';
import { type RunServices, runService } from './run-services.ts';

/** The tag of the edge gateway's revision that has no traffic yet. */
const candidateTag = 'candidate';

/** Requests of one client address in a minute, before Cloud Armor answers 429. The gateway's own limits are finer. */
const requestsPerMinute = 6000;

/**
 * Creates the only way in from the internet: an external load balancer before the edge gateway, with Cloud Armor, and with the CDN for public
 * reads. HTTPS only; the host "candidate.<domain>" leads to the revision that is about to be released.
 */
export function createLoadBalancer(context: Context, services: RunServices): Output<string> {
  const { environment, options } = context;
  const { project, domain } = environment;
  const edge = { service: runService(services, 'edge-gateway').name };
  const securityPolicy = createSecurityPolicy(context);
  const main = createEndpointGroup(context, 'edge', edge);
  const candidate = createEndpointGroup(context, 'edge-candidate', { ...edge, tag: candidateTag });

  const backend = (name: string, group: gcp.compute.RegionNetworkEndpointGroup, cdn?: gcp.compute.BackendServiceArgs['cdnPolicy']) =>
    new gcp.compute.BackendService(name, {
      project,
      name: `${product}-${name}`,
      loadBalancingScheme: 'EXTERNAL_MANAGED',
      protocol: 'HTTPS',
      backends: [{ group: group.id }],
      securityPolicy: securityPolicy.selfLink,
      enableCdn: cdn !== undefined,
      ...(cdn !== undefined && { cdnPolicy: cdn }),
      logConfig: { enable: true, sampleRate: 1 },
    });
  const everything = backend('edge', main);
  // The gateway says which answers may be kept, and for how long; all others say "no-store".
  const reads = backend('edge-public-reads', main, {
    cacheMode: 'USE_ORIGIN_HEADERS',
    negativeCaching: false,
    cacheKeyPolicy: { includeHost: true, includeProtocol: true, includeQueryString: true },
  });
  const next = backend('edge-candidate', candidate);

  const urlMap = new gcp.compute.URLMap('url-map', {
    project,
    name: product,
    defaultService: everything.id,
    hostRules: [
      { hosts: [domain], pathMatcher: 'api' },
      { hosts: [candidateDomain(environment)], pathMatcher: 'candidate' },
    ],
    pathMatchers: [
      { name: 'api', defaultService: everything.id, pathRules: [{ paths: publicReadPaths(), service: reads.id }] },
      { name: 'candidate', defaultService: next.id },
    ],
  });
  const domains = [domain, candidateDomain(environment)];
  const certificate = new gcp.compute.ManagedSslCertificate('certificate', { project, name: product, managed: { domains } }, options);
  const sslPolicy = new gcp.compute.SSLPolicy(
    'ssl-policy',
    { project, name: product, minTlsVersion: 'TLS_1_2', profile: 'MODERN' },
    options,
  );
  const proxy = new gcp.compute.TargetHttpsProxy('https-proxy', {
    project,
    name: product,
    urlMap: urlMap.id,
    sslCertificates: [certificate.id],
    sslPolicy: sslPolicy.id,
  });
  const address = new gcp.compute.GlobalAddress('api-address', { project, name: `${product}-api` }, options);
  new gcp.compute.GlobalForwardingRule('https', {
    project,
    name: `${product}-https`,
    loadBalancingScheme: 'EXTERNAL_MANAGED',
    ipAddress: address.address,
    portRange: '443',
    target: proxy.id,
  });
  return address.address;
}

function createEndpointGroup(
  { environment: { project, region } }: Context,
  name: string,
  cloudRun: gcp.compute.RegionNetworkEndpointGroupArgs['cloudRun'],
): gcp.compute.RegionNetworkEndpointGroup {
  const args = { project, region, name: `${product}-${name}`, networkEndpointType: 'SERVERLESS', cloudRun };
  return new gcp.compute.RegionNetworkEndpointGroup(name, args);
}

function createSecurityPolicy({ environment: { project }, options }: Context): gcp.compute.SecurityPolicy {
  const anyone = { versionedExpr: 'SRC_IPS_V1', config: { srcIpRanges: ['*'] } };
  return new gcp.compute.SecurityPolicy(
    'edge-armor',
    {
      project,
      name: `${product}-edge`,
      adaptiveProtectionConfig: { layer7DdosDefenseConfig: { enable: true } },
      rules: [
        {
          description: 'What only scanners send',
          priority: 100,
          action: 'deny(403)',
          match: { expr: { expression: "evaluatePreconfiguredWaf('scannerdetection-v33-stable', {'sensitivity': 1})" } },
        },
        {
          description: 'Floods of one address',
          priority: 1000,
          action: 'throttle',
          match: anyone,
          rateLimitOptions: {
            conformAction: 'allow',
            exceedAction: 'deny(429)',
            enforceOnKey: 'IP',
            rateLimitThreshold: { count: requestsPerMinute, intervalSec: 60 },
          },
        },
        { description: 'Everyone else', priority: 2_147_483_647, action: 'allow', match: anyone },
      ],
    },
    options,
  );
}
