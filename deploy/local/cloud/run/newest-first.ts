import type { StoredRevision, StoredService } from './resources.ts';

/** A key by which lists are sorted: by creation time, descending, as the API has it. */
export function newestFirst({ message, createMs }: StoredService | StoredRevision): string {
  return `${String(Number.MAX_SAFE_INTEGER - createMs).padStart(16, '0')} ${message.name}`;
}
