import { GoogleAuth } from 'google-auth-library';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { environmentWithPreviews } from './environment-with-previews.ts';
import { forgetPreviews } from './forget-previews.ts';
import { PreviewCommandError } from './preview-command-error.ts';
import { listTags, type PreviewTag, removeTag, type TagOptions } from './preview-tags.ts';
import { usedRevisions } from './used-revisions.ts';

/** An environment on Google Cloud, as whoever `gcloud auth application-default login` or a workflow has let in. */
interface There extends TagOptions {
  readonly project: string;
}

/** @throws {PreviewCommandError} where the environment has no previews. */
async function connect(environmentName: string): Promise<There> {
  const { project, region } = environmentWithPreviews(environmentName);
  const { v2 } = await import('@google-cloud/run');
  const client = new v2.ServicesClient({ projectId: project });
  return { project, client, parent: `projects/${project}/locations/${region}`, services: serviceNames };
}

/** The tags of an environment, those of one pull request where it is named. */
export async function listThere(environmentName: string, tag: string | undefined): Promise<PreviewTag[]> {
  const tags = await listTags(await connect(environmentName));
  return tag === undefined ? tags : tags.filter((found) => found.tag === tag);
}

/** Takes a pull request's tag off every service, and returns those that had it. */
export async function removeThere(environmentName: string, tag: string): Promise<string[]> {
  const there = await connect(environmentName);
  const had = await Promise.all(there.services.map(async (service) => ((await removeTag(there, service, tag)) ? [service] : [])));
  return had.flat();
}

/** Takes away what is forgotten. @throws {PreviewCommandError} where so many tags are left that somebody has to look. */
export async function forgetThere(
  environmentName: string,
  keeping: { readonly open: ReadonlySet<number>; readonly idleMs: number },
  onGone: (tag: PreviewTag, why: string) => void,
): Promise<void> {
  const there = await connect(environmentName);
  const { v2 } = await import('@google-cloud/run');
  const now = Date.now();
  const auth = await new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/monitoring.read' }).getClient();
  const warning = await forgetPreviews({
    ...there,
    revisions: new v2.RevisionsClient({ projectId: there.project }),
    used: await usedRevisions(auth, { project: there.project, since: now - keeping.idleMs, now }),
    keeping: { ...keeping, now },
    onGone,
  });
  if (warning !== undefined) throw new PreviewCommandError(warning);
}
