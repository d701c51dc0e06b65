import type { Resource } from './created-resources.ts';

/** Roles that Google grants for whole projects only: they write telemetry alone, read it, or read which services there are, which is a right over a location. */
const projectRoles = ['roles/cloudtrace.agent', 'roles/monitoring.metricWriter', 'roles/monitoring.viewer', 'roles/run.viewer'];

/** Bindings that give more than a workload needs, each with the reason. */
export function broadRoles(resources: readonly Resource[]): string[] {
  return resources.flatMap(({ type, name, inputs }) => {
    const { role } = inputs;
    if (typeof role !== 'string') return [];
    if (/^roles\/(owner|editor|viewer|browser)$/.test(role)) return [`${name}: ${role} is a basic role: it covers the whole project`];
    if (/admin$/i.test(role)) return [`${name}: ${role} administers: a workload only uses`];
    if (/IAM(Policy|Binding)$/i.test(type)) return [`${name}: ${type} would take away the bindings that others have made`];
    if (type.startsWith('gcp:projects/') && !projectRoles.includes(role))
      return [`${name}: ${role} on the whole project; grant it on the resource`];
    return [];
  });
}
