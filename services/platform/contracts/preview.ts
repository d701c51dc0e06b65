import { AsyncLocalStorage } from 'node:async_hooks';

/** The header with the previews that a request asked for, such as "partner=pr-123,job=pr-7". Gateways write it, from what they have verified. */
export const previewHeader = 'x-kumiko-preview';

/** The header of an answer to such a request: which revision has given it. */
export const revisionHeader = 'x-kumiko-revision';

/** The attribute of an event that says the same. */
export const previewAttribute = 'kumiko_preview';

const pattern = /^[a-z][a-z0-9-]{0,45}=[a-z][a-z0-9-]{0,45}(?:,[a-z][a-z0-9-]{0,45}=[a-z][a-z0-9-]{0,45}){0,15}$/;
/** What an attribute of a Pub/Sub message may have, in bytes: https://cloud.google.com/pubsub/quotas#resource_limits. The pattern lets ASCII through only. */
const maxLength = 1_024;
const active = new AsyncLocalStorage<string>();

/** Does work, with all that it causes, for the previews of a header or attribute. What is no choice means the default. */
export function withPreview<T>(choice: string | undefined, work: () => T): T {
  return choice !== undefined && choice.length <= maxLength && pattern.test(choice) ? active.run(choice, work) : work();
}

/** The choice of previews that the work here belongs to, as it travels; undefined: the default. */
export function activePreview(): string | undefined {
  return active.getStore();
}

/** The headers of a call or a task that the work here causes. */
export function previewHeaders(): Readonly<Record<string, string>> {
  const choice = activePreview();
  return choice === undefined ? {} : { [previewHeader]: choice };
}

/** The preview of a service that the work here asks for; undefined: the default. */
export function activePreviewOf(service: string): string | undefined {
  const start = `${service}=`;
  return activePreview()
    ?.split(',')
    .find((entry) => entry.startsWith(start))
    ?.slice(start.length);
}
