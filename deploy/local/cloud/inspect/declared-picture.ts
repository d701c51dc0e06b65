import { callersOf } from '../../../../services/platform/contracts/callers.ts';
import { Access } from '../../../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { controlPlane, gateways } from '../../../../services/platform/contracts/identities.ts';
import { listMethods } from '../../../../services/platform/contracts/methods.ts';
import { eventTopics, product, serviceNames, services } from '../../../../services/platform/contracts/services.ts';
import { listTriggers } from '../../../../services/platform/contracts/triggers.ts';
import type { Span } from '../traces/span.ts';
import type { PicturePart, Way } from './picture-part.ts';

/** The parts of the platform and the ways between them, as protos and deployment declare them; more ways may be seen in traces. */
export interface DeclaredPicture {
  readonly parts: readonly PicturePart[];
  readonly ways: readonly Way[];
  /** The way that a span tells of; undefined where it is none of its own. */
  wayOf(span: Span): Way | undefined;
  /** The way of what a subscription delivers, which no span tells: several may deliver to one method. */
  wayOfSubscription(subscription: string): Way | undefined;
}

/**
 * Derives them.
 *
 * @param outside the ports of the systems of the outside world, by their names.
 */
export function declaredPicture(outside: Readonly<Record<string, number>>): DeclaredPicture {
  const methods = listMethods();
  const triggers = listTriggers(methods);
  const [edge, jobs] = gateways;
  const part = (id: string, kind: PicturePart['kind'], label = id): PicturePart => ({ id, kind, label });
  const parts = [
    part('clients', 'client', 'apps and partners'),
    part(edge, 'gateway', `${edge} gateway`),
    part(jobs, 'gateway', `${jobs} gateway`),
    part(controlPlane, 'service'),
    ...serviceNames.map((name) => part(name, 'service')),
    ...eventTopics.map((topic) => part(`topic ${topic}`, 'topic', topic)),
    ...triggers.flatMap(({ kind, resourceId }) =>
      kind === 'queue' || kind === 'schedule' ? [part(`${kind} ${resourceId}`, kind, resourceId)] : [],
    ),
    part('spanner', 'store'),
    ...Object.keys(outside).map((system) => part(`outside ${system}`, 'outside', system)),
  ];
  const throughEdge = methods.filter(
    ({ policy, http }) => http !== undefined && policy !== undefined && ![Access.TRIGGER, Access.SERVICE].includes(policy.access),
  );
  const ways: Way[] = [
    `clients>${edge}`,
    `${controlPlane}>${edge}`,
    `${controlPlane}>${jobs}`,
    ...throughEdge.map(({ workload }): Way => `${edge}>${workload}`),
    ...methods.flatMap(({ desc, policy, workload }) =>
      policy?.access === Access.SERVICE
        ? callersOf(desc, policy).flatMap((caller): Way[] => (caller === workload ? [] : [`${caller}>${workload}`]))
        : [],
    ),
    ...services.flatMap(({ name, publishes }) => publishes.map((topic): Way => `${name}>topic ${topic}`)),
    ...serviceNames.map((name): Way => `${name}>spanner`),
    ...triggers.flatMap((trigger): Way[] =>
      trigger.kind === 'subscription'
        ? [`topic ${trigger.topic}>${jobs}`, `${jobs}>${trigger.method.workload}`]
        : [
            // Whoever is called by a queue is most often who fills it.
            ...(trigger.kind === 'queue' ? [`${trigger.method.workload}>queue ${trigger.resourceId}` as const] : []),
            `${trigger.kind} ${trigger.resourceId}>${jobs}`,
            `${jobs}>${trigger.method.workload}`,
          ],
    ),
  ];
  const systemAt = new Map(Object.entries(outside).map(([system, port]) => [port, system]));
  const sourceOf = new Map(
    triggers.flatMap((trigger) =>
      trigger.kind === 'subscription' ? [] : [[trigger.path, `${trigger.kind} ${trigger.resourceId}`] as const],
    ),
  );
  const topicOf = new Map(
    triggers.flatMap((trigger) => (trigger.kind === 'subscription' ? [[trigger.resourceId, trigger.topic] as const] : [])),
  );
  const ids = new Set(parts.map(({ id }) => id));
  const known = (from: string, to: string): Way | undefined => (ids.has(from) && ids.has(to) && from !== to ? `${from}>${to}` : undefined);

  return {
    parts,
    ways: [...new Set(ways)],
    wayOfSubscription(subscription) {
      const topic = topicOf.get(subscription);
      return topic === undefined ? undefined : known(`topic ${topic}`, jobs);
    },
    wayOf({ service, kind, name, attributes }) {
      const who = gatewayOf(service) ?? service;
      if (name === 'ingress') {
        if (who === edge) return `clients>${edge}`;
        const source = sourceOf.get(URL.parse(String(attributes['http.url'] ?? ''), 'http://jobs')?.pathname ?? '');
        return source === undefined ? undefined : known(source, who);
      }
      if (attributes['upstream_cluster.name'] !== undefined) return known(who, String(attributes['upstream_cluster.name']));
      if (attributes['db.system.name'] !== undefined) return known(who, 'spanner');
      const destination = attributes['messaging.destination.name'];
      if (kind === 'producer' && destination !== undefined) return known(who, `topic ${destination}`) ?? known(who, `queue ${destination}`);
      if (kind !== 'client') return undefined;
      const system = systemAt.get(Number(attributes['server.port']));
      return system === undefined ? undefined : known(who, `outside ${system}`);
    },
  };
}

/** "edge" for the name that a gateway has in its spans. */
function gatewayOf(service: string): string | undefined {
  return gateways.find((gateway) => service === `${product}-${gateway}-gateway`);
}
