import type { PreviewTag } from './preview-tags.ts';

/** What is known of a preview's revision. Times in milliseconds since the epoch. */
interface RevisionLife {
  readonly createdAt: number;
  /** Whether a request has met it within the idle time. */
  readonly used: boolean;
}

/** What decides which previews are kept. */
export interface Keeping {
  /** The numbers of the pull requests that are open. */
  readonly open: ReadonlySet<number>;
  readonly now: number;
  /** Without a request for so long, in milliseconds, a preview goes. */
  readonly idleMs: number;
}

/** The tag of a pull request's revisions. */
export function tagOf(pullRequest: number): string {
  return `pr-${pullRequest}`;
}

/** The number of the pull request that a tag is of; undefined for tags of other kinds. */
export function pullRequestOf(tag: string): number | undefined {
  const number = /^pr-([1-9]\d*)$/.exec(tag)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** Why a preview is to go; undefined where it stays, as all tags do that are of no pull request. */
export function reasonToGo({ tag }: PreviewTag, { createdAt, used }: RevisionLife, { open, now, idleMs }: Keeping): string | undefined {
  const number = pullRequestOf(tag);
  if (number === undefined) return undefined;
  if (!open.has(number)) return `pull request ${number} is not open`;
  if (!used && now - createdAt > idleMs) return `no request since ${new Date(now - idleMs).toISOString()}`;
  return undefined;
}

/** Cloud Run keeps so many tags in a project and region, and deletes the oldest without traffic beyond (https://docs.cloud.google.com/run/quotas). */
export const maxTags = 2_000;

/** From so many on somebody has to look. */
export const manyTags = 0.8 * maxTags;
