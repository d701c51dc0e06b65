import type { AnyDesc, DescFile } from '@bufbuild/protobuf';
import { getComments } from '@bufbuild/protoplugin';

/** What the proto says about an element, as plain text; undefined where it says nothing. Remarks for linters are left out. */
export function commentOf(desc: Exclude<AnyDesc, DescFile>): string | undefined {
  const { leading = '', trailing = '' } = getComments(desc);
  const text = `${leading}\n${trailing}`.replaceAll(/\(--[\s\S]*?--\)/g, '');
  const paragraphs = text.split(/\n\s*\n/).map((paragraph) => paragraph.replaceAll(/\s+/g, ' ').trim());
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n\n') || undefined;
}

/** The first sentence of a text, without its full stop; "Draft of a deal" of "Draft of a deal. It is not on sale." */
export function firstSentence(text: string): string {
  return /^(.+?)[.:;](?:\s|$)/.exec(text)?.[1] ?? text;
}
