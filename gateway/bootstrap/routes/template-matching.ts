import type { HttpTemplate } from '../../../services/platform/contracts/http-template.ts';

/** How every path that a template matches begins: a collection and what is in it begin alike. */
export function templatePrefix({ segments }: HttpTemplate): string {
  const wildcard = segments.findIndex((segment) => segment.includes('*'));
  return `/${segments.slice(0, wildcard < 0 ? undefined : wildcard).join('/')}`;
}

/** An RE2 expression for the whole path, without the query. */
export function templateRegex({ segments, verb }: HttpTemplate): string {
  const parts = segments.map((segment) => {
    if (segment === '**') return '.*';
    return segment === '*' ? '[^/]+' : segment.replaceAll('.', '\\.');
  });
  // The transcoder drops trailing empty segments. Behind a verb there are none to drop.
  return `/${parts.join('/')}${verb === undefined ? '/?' : `:${verb}`}`;
}

/** Sorts templates so that the first whose expression matches a path is the one that the transcoder chooses. */
export function compareTemplates(a: HttpTemplate, b: HttpTemplate): number {
  if ((a.verb === undefined) !== (b.verb === undefined)) return a.verb === undefined ? 1 : -1;
  for (let index = 0; index < Math.max(a.segments.length, b.segments.length); index++) {
    const difference = rank(a.segments[index]) - rank(b.segments[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function rank(segment: string | undefined): number {
  if (segment === '**') return 2;
  return segment === '*' ? 1 : 0;
}
