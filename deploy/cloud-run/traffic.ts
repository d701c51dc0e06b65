import type { run_v1 } from '@googleapis/run';
import * as z from 'zod';

const current = z.array(
  z.object({
    metadata: z.object({ name: z.string() }),
    spec: z.object({ template: z.object({ spec: z.object({ containers: z.array(z.object({ image: z.string() })) }) }) }).optional(),
    status: z
      .object({
        traffic: z
          .array(z.object({ revisionName: z.string().optional(), percent: z.number().optional(), tag: z.string().optional() }))
          .optional(),
      })
      .optional(),
  }),
);

/** A revision that serves, or that has a tag. */
export interface Serving {
  readonly revisionName: string;
  readonly percent?: number;
  readonly tag?: string;
}

/** Which revisions serve, by service. */
export type CurrentTraffic = ReadonlyMap<string, readonly Serving[]>;

/** A new revision. */
export interface NewRevision {
  /** The end of its name: "customer-<suffix>". Lower-case letters, digits and hyphens. */
  readonly suffix: string;
  /** The tag by which it is reached before it has traffic, such as "candidate" or "pr-123". */
  readonly tag: string;
}

/**
 * Reads an array of what `gcloud run services describe --format json` prints.
 *
 * @throws {Error} where it is something else.
 */
export function parseCurrentTraffic(json: string): CurrentTraffic {
  const parsed = current.safeParse(JSON.parse(json));
  if (!parsed.success) throw new Error('--current is not an array of what "gcloud run services describe --format json" prints');
  return new Map(
    parsed.data.map(({ metadata, spec, status }) => [
      metadata.name,
      (holdsPlace(spec?.template.spec.containers) ? [] : (status?.traffic ?? [])).flatMap(({ revisionName, percent, tag }) =>
        revisionName === undefined ? [] : [{ revisionName, ...(percent && { percent }), ...(tag !== undefined && { tag }) }],
      ),
    ]),
  );
}

/**
 * The traffic of a service that gets a new revision: what serves goes on serving, pinned by name, and the new one has its tag only. Other tags stay,
 * since `services replace` forgets what a manifest leaves out.
 */
export function trafficWith(
  service: string,
  revision: NewRevision | undefined,
  serving: readonly Serving[],
): run_v1.Schema$TrafficTarget[] {
  if (revision === undefined) {
    const tagged = serving.flatMap(({ revisionName, tag }) => (tag === undefined ? [] : [{ revisionName, tag }]));
    return [{ latestRevision: true, percent: 100 }, ...tagged];
  }
  const added = { revisionName: `${service}-${revision.suffix}`, tag: revision.tag };
  if (serving.every(({ percent }) => percent === undefined))
    return [...serving.filter(({ tag }) => tag !== revision.tag), { ...added, percent: 100 }];
  const kept = serving
    .filter(({ tag, percent }) => tag !== revision.tag || percent !== undefined)
    .map((target) => withoutTag(target, revision.tag));
  return [...kept, added];
}

/** Google's sample, which the infrastructure starts a service with: the first release takes its place at once. */
function holdsPlace(containers: readonly { readonly image: string }[] = []): boolean {
  return containers.some(({ image }) => image.startsWith('us-docker.pkg.dev/cloudrun/container/hello'));
}

/** A tag leads to one revision: it moves to the new one. */
function withoutTag({ tag, ...target }: Serving, moved: string): run_v1.Schema$TrafficTarget {
  return tag === undefined || tag === moved ? target : { ...target, tag };
}
