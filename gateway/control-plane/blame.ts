import type { PreviewResource } from './preview-resource.ts';

/**
 * Which of the resources that were sent at once an Envoy's words are about: those that it names, as in "Error adding/updating cluster(s) partner@pr-1: …". It
 * has taken the others. None where it names none.
 */
export function blamed(sent: readonly PreviewResource[], words: string): PreviewResource[] {
  return sent.filter(({ name }) => names(words, name));
}

/** A name must not be found in a longer one: "partner@pr-1" is not meant by "partner@pr-12". */
function names(words: string, name: string): boolean {
  const part = /[a-z0-9@-]/;
  for (let at = words.indexOf(name); at >= 0; at = words.indexOf(name, at + 1)) {
    if (!part.test(words[at - 1] ?? ' ') && !part.test(words[at + name.length] ?? ' ')) return true;
  }
  return false;
}
