import { connectionFields } from './field-syntax.ts';

/** The :status of a response's header list; undefined where the list is malformed (RFC 9113 section 8.3.2 and 8.2.2). */
export function statusOf(list: readonly string[]): string | undefined {
  const status = list[1];
  if (list[0] !== ':status' || status === undefined || !/^[1-9]\d\d$/.test(status)) return undefined;
  return areFields(list, 2) ? status : undefined;
}

/** Whether the list from `start` has only fields that responses and trailers may have: no pseudo headers, nothing of the connection. */
export function areFields(list: readonly string[], start: number): boolean {
  for (let i = start; i < list.length; i += 2) if (list[i]!.charCodeAt(0) === 58 || connectionFields.has(list[i]!)) return false;
  return true;
}

/** The bytes that content-length announces: undefined where it says nothing, NaN where it is malformed or there twice. */
export function announcedLength(list: readonly string[]): number | undefined {
  let length: number | undefined;
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] !== 'content-length') continue;
    length = length === undefined && /^\d{1,15}$/.test(list[i + 1]!) ? Number(list[i + 1]) : Number.NaN;
  }
  return length;
}
