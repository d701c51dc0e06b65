import * as gcp from '@pulumi/gcp';
import { interpolate, type Output } from '@pulumi/pulumi';
import { product } from '../../services/platform/contracts/services.ts';
import { networkTag, thirdPartyTag } from '../cloud-run/egress.ts';
import type { Context } from './context.ts';
import { serviceAgent } from './service-accounts.ts';

/** The addresses of private.googleapis.com: Google's APIs and run.app, without the internet. */
export const privateGoogleAccess = {
  range: '199.36.153.8/30',
  addresses: ['199.36.153.8', '199.36.153.9', '199.36.153.10', '199.36.153.11'],
};

/** The network that everything of ours sends all its traffic through. */
export interface Network {
  /** The project that owns it: ours, or the host project of a shared VPC. */
  readonly project: string;
  readonly id: Output<string>;
  readonly subnetwork: Output<string>;
  /** The address that third parties see. */
  readonly egressAddress: Output<string>;
}

/** Creates the network, or takes the shared one, with Cloud NAT on a static address and a firewall that keeps in what calls no third party. */
export function createNetwork(context: Context): Network {
  const { network: wanted } = context.environment;
  const network = wanted.kind === 'own' ? createOwn(context, wanted.subnetRange) : useShared(context, wanted);
  createFirewall(context, network);
  return { ...network, egressAddress: createNat(context, network) };
}

type Place = Omit<Network, 'egressAddress'>;

function createOwn({ environment: { project, region }, options }: Context, subnetRange: string): Place {
  const network = new gcp.compute.Network('network', { project, name: product, autoCreateSubnetworks: false }, options);
  const subnetwork = new gcp.compute.Subnetwork('subnetwork', {
    project,
    region,
    name: product,
    network: network.id,
    ipCidrRange: subnetRange,
    // Google's APIs without an external address.
    privateIpGoogleAccess: true,
    logConfig: { aggregationInterval: 'INTERVAL_10_MIN', flowSampling: 0.1, metadata: 'EXCLUDE_ALL_METADATA' },
  });
  return { project, id: network.id, subnetwork: subnetwork.id };
}

function useShared({ environment, options }: Context, shared: { hostProject: string; network: string; subnetwork: string }): Place {
  const { region, projectNumber } = environment;
  const { hostProject: project, network, subnetwork } = shared;
  new gcp.compute.SubnetworkIAMMember(
    'run-uses-subnetwork',
    { project, region, subnetwork, role: 'roles/compute.networkUser', member: serviceAgent('serverless-robot-prod', projectNumber) },
    options,
  );
  const id = interpolate`projects/${project}/global/networks/${network}`;
  return { project, id, subnetwork: interpolate`projects/${project}/regions/${region}/subnetworks/${subnetwork}` };
}

/** Cloud NAT: what leaves Google leaves by one reserved address, which third parties may put on their lists. */
function createNat({ environment: { region }, options }: Context, { project, id, subnetwork }: Place): Output<string> {
  const address = new gcp.compute.Address(
    'egress-address',
    { project, region, name: `${product}-egress`, addressType: 'EXTERNAL' },
    options,
  );
  const router = new gcp.compute.Router('router', { project, region, name: product, network: id }, options);
  new gcp.compute.RouterNat('nat', {
    project,
    region,
    name: product,
    router: router.name,
    natIpAllocateOption: 'MANUAL_ONLY',
    natIps: [address.selfLink],
    sourceSubnetworkIpRangesToNat: 'LIST_OF_SUBNETWORKS',
    subnetworks: [{ name: subnetwork, sourceIpRangesToNats: ['ALL_IP_RANGES'] }],
    // 64 would be used up by 64 connections of an instance to one third party.
    enableDynamicPortAllocation: true,
    minPortsPerVm: 64,
    maxPortsPerVm: 4096,
    logConfig: { enable: true, filter: 'ERRORS_ONLY' },
  });
  return address.address;
}

/** Deny by default: Google's APIs for all, the internet for what is configured to call a third party. */
function createFirewall({ environment, options }: Context, { project, id }: Place): void {
  const rule = (name: string, args: Omit<gcp.compute.FirewallArgs, 'network'>) =>
    new gcp.compute.Firewall(name, { project, name: `${product}-${name}`, network: id, direction: 'EGRESS', ...args }, options);
  const https = [{ protocol: 'tcp', ports: ['443'] }];
  rule('deny-egress', { targetTags: [networkTag], priority: 65_000, destinationRanges: ['0.0.0.0/0'], denies: [{ protocol: 'all' }] });
  rule('allow-google', { targetTags: [networkTag], priority: 1000, destinationRanges: [privateGoogleAccess.range], allows: https });
  rule('allow-third-parties', { targetTags: [thirdPartyTag], priority: 2000, destinationRanges: ['0.0.0.0/0'], allows: https });
  if (environment.collector.kind === 'gke') {
    rule('allow-collector', {
      targetTags: [networkTag],
      priority: 1000,
      destinationRanges: [`${environment.collector.address}/32`],
      allows: [{ protocol: 'tcp', ports: ['4317', '4318'] }],
    });
  }
}
