import { internalDomain, type Principal } from '../../services/platform/contracts/identities.ts';
import { product } from '../../services/platform/contracts/services.ts';
import type { Environment } from './environment.ts';

/** The private DNS name of the collector on GKE. */
export const collectorHost = `otel-collector.${internalDomain}`;

/** The URL of a Cloud Run service: it is known before the service exists. */
export function serviceUrl(name: Principal, { projectNumber, region }: Environment): string {
  return `https://${name}-${projectNumber}.${region}.run.app`;
}

/** The host name that leads to the edge gateway's revision with the tag "candidate". */
export function candidateDomain({ domain }: Environment): string {
  return `candidate.${domain}`;
}

/** The host that OTLP is sent to: 4317 takes gRPC, 4318 HTTP. */
export function collectorAddress({ collector }: Environment): string {
  return collector.kind === 'sidecar' ? '127.0.0.1' : collectorHost;
}

/** The repository of the images. */
export function imageRepository({ region, project }: Environment): string {
  return `${region}-docker.pkg.dev/${project}/${product}`;
}
