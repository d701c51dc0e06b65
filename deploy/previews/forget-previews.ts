import type { v2 } from '@google-cloud/run';
import { type Keeping, manyTags, maxTags, pullRequestOf, reasonToGo } from './forgotten.ts';
import { listTags, type PreviewTag, removeTag, type TagOptions } from './preview-tags.ts';

/** What forgetting needs beside the tags. */
interface ForgetOptions extends TagOptions {
  readonly revisions: Pick<v2.RevisionsClient, 'getRevision'>;
  /** The names of the revisions that requests have met within the idle time. */
  readonly used: ReadonlySet<string>;
  readonly keeping: Keeping;
  /** Called for each that has gone, with the reason. */
  readonly onGone: (tag: PreviewTag, why: string) => void;
}

/**
 * Takes away the previews of pull requests that are not open, and those that nobody has asked for within the idle time.
 *
 * @returns a warning where there are so many tags left that Cloud Run is about to delete some by itself.
 */
export async function forgetPreviews({ revisions, used, keeping, onGone, ...options }: ForgetOptions): Promise<string | undefined> {
  const tags = await listTags(options);
  let left = tags.length;
  for (const tag of tags) {
    if (pullRequestOf(tag.tag) === undefined) continue;
    const name = `${options.parent}/services/${tag.service}/revisions/${tag.revision}`;
    const [{ createTime }] = await revisions.getRevision({ name });
    const life = { createdAt: Number(createTime?.seconds ?? 0) * 1000, used: used.has(tag.revision) };
    const why = reasonToGo(tag, life, keeping);
    if (why === undefined) continue;
    await removeTag(options, tag.service, tag.tag);
    left -= 1;
    onGone(tag, why);
  }
  return left > manyTags ? `there are ${left} tags, and Cloud Run deletes the oldest without traffic beyond ${maxTags}` : undefined;
}
