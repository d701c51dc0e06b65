import * as gcp from '@pulumi/gcp';
import { internalDomain } from '../../services/platform/contracts/identities.ts';
import { product } from '../../services/platform/contracts/services.ts';
import { collectorHost } from '../environments/addresses.ts';
import type { Context } from './context.ts';
import { type Network, privateGoogleAccess } from './network.ts';

/** Private zones: Google's APIs and run.app by Private Google Access, which makes calls between services internal; and the collector. */
export function createPrivateDns(context: Context, network: Network): void {
  for (const domain of ['googleapis.com.', 'run.app.']) {
    const zone = createZone(context, network, domain);
    const apex = domain === 'googleapis.com.' ? `private.${domain}` : domain;
    createRecord(context, network, zone, { name: apex, type: 'A', rrdatas: privateGoogleAccess.addresses });
    createRecord(context, network, zone, { name: `*.${domain}`, type: 'CNAME', rrdatas: [apex] });
  }
  const { collector } = context.environment;
  if (collector.kind !== 'gke') return;
  const zone = createZone(context, network, `${internalDomain}.`);
  createRecord(context, network, zone, { name: `${collectorHost}.`, type: 'A', rrdatas: [collector.address] });
}

function createZone({ options }: Context, { project, id }: Network, dnsName: string): gcp.dns.ManagedZone {
  const name = `${product}-${dnsName.slice(0, -1).replaceAll('.', '-')}`;
  const privateVisibilityConfig = { networks: [{ networkUrl: id }] };
  return new gcp.dns.ManagedZone(name, { project, name, dnsName, visibility: 'private', privateVisibilityConfig }, options);
}

function createRecord(
  { options }: Context,
  { project }: Network,
  zone: gcp.dns.ManagedZone,
  record: { name: string; type: string; rrdatas: string[] },
): void {
  new gcp.dns.RecordSet(record.name.replace('*', 'any'), { project, managedZone: zone.name, ttl: 300, ...record }, options);
}
