import { unimplemented } from '../google-api/api-error.ts';
import { fromMs } from '../google-api/protobuf-time.ts';
import type { RevisionTemplate, Service } from './resources.ts';
import { violation } from './resources.ts';
import { checkedTraffic } from './traffic-rules.ts';

const maxDescription = 512;
const reservedNamespace = /^([^/]+\.)?(run\.googleapis\.com|cloud\.googleapis\.com|serving\.knative\.dev|autoscaling\.knative\.dev)\//;
const label = /^[a-z]([a-z0-9-]*[a-z0-9])?$/;

/** Checks the id of a service. @throws ApiError INVALID_ARGUMENT */
export function checkServiceId(field: string, id: string): void {
  if (id === '') throw violation(field, 'required field not present');
  if (!label.test(id) || id.length > 49) {
    throw violation(
      field,
      `"${id}" has to be of lower-case letters, digits and hyphens, begin with a letter, not end with a hyphen, and have fewer than 50 characters`,
    );
  }
}

/**
 * Checks what a caller wants a service to be, and fills in the defaults.
 * Rules and defaults: https://cloud.google.com/run/docs/reference/rpc/google.cloud.run.v2#service
 *
 * @param field "CreateServiceRequest.service" or "UpdateServiceRequest.service".
 * @param id the service's.
 * @throws ApiError INVALID_ARGUMENT or, for what is not done locally, UNIMPLEMENTED.
 */
export function checkedService(field: string, id: string, asked: Service): Service {
  if (asked.defaultUriDisabled) throw unimplemented('default_uri_disabled');
  if (asked.multiRegionSettings) throw unimplemented('multi_region_settings');
  if ((asked.description ?? '').length > maxDescription) {
    throw violation(`${field}.description`, `at most ${maxDescription} characters are allowed`);
  }
  checkKeys(`${field}.labels`, asked.labels);
  checkKeys(`${field}.annotations`, asked.annotations);
  return {
    ...asked,
    ...(isUnset(asked.ingress, 'INGRESS_TRAFFIC_UNSPECIFIED') && { ingress: 'INGRESS_TRAFFIC_ALL' }),
    ...(isUnset(asked.launchStage, 'LAUNCH_STAGE_UNSPECIFIED') && { launchStage: 'GA' }),
    template: checkedTemplate(`${field}.template`, id, asked.template),
    traffic: checkedTraffic(`${field}.traffic`, id, asked.traffic ?? []),
  };
}

function checkedTemplate(field: string, id: string, template: RevisionTemplate | null | undefined): RevisionTemplate {
  if (!template) throw violation(field, 'required field not present');
  const { revision, containers = [] } = template;
  if (revision && (!revision.startsWith(`${id}-`) || !label.test(revision) || revision.length > 63)) {
    throw violation(
      `${field}.revision`,
      `"${revision}" has to begin with "${id}-", be of lower-case letters, digits and hyphens, not end with a hyphen, and have at most 63 characters`,
    );
  }
  if (!containers?.length) throw violation(`${field}.containers`, 'required field not present');
  for (const [index, { image }] of containers.entries()) {
    if (!image) throw violation(`${field}.containers[${index}].image`, 'required field not present');
  }
  checkKeys(`${field}.labels`, template.labels);
  checkKeys(`${field}.annotations`, template.annotations);
  return {
    ...template,
    timeout: template.timeout ?? fromMs(300_000),
    maxInstanceRequestConcurrency: template.maxInstanceRequestConcurrency || 80,
    containers: containers.map((container, index) => ({
      ...container,
      // The first takes requests.
      ...(index === 0 && !container.ports?.length && { ports: [{ name: 'http1', containerPort: 8080 }] }),
    })),
  };
}

function checkKeys(field: string, map: Readonly<Record<string, string>> | null | undefined): void {
  const reserved = Object.keys(map ?? {}).find((key) => reservedNamespace.test(key));
  if (reserved !== undefined)
    throw violation(field, `"${reserved}" is in a namespace of Cloud Run's own, which has fields of the API instead`);
}

function isUnset(value: unknown, unspecified: string): boolean {
  return value === null || value === undefined || value === unspecified;
}
