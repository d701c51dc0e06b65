/**
 * Path templates of google.api.http (the grammar stands in google/api/http.proto), as grpc-httpjson-transcoding matches them: at each
 * segment a literal wins over "*", and "*" over "**".
 */
export interface HttpTemplate {
  /** Literals as they are, "*" and "**". */
  readonly segments: readonly string[];
  /** The custom verb behind the last ":", or undefined. */
  readonly verb: string | undefined;
}

const literal = /^[A-Za-z0-9._~-]+$/;

/**
 * Parses a template such as "/v1/{name=deals/*}:publish".
 *
 * @throws where the template is not one, or where something other than literals follows "**", which the transcoder refuses.
 */
export function parseHttpTemplate(template: string): HttpTemplate {
  const flat = template.replace(/\{([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*)(?:=([^{}]+))?\}/g, (_, _field, pattern) => pattern ?? '*');
  const [, path, verb] = /^(\/[^:]*)(?::([A-Za-z0-9_-]+))?$/.exec(flat) ?? [];
  if (path === undefined || /[{}]/.test(flat)) throw new Error(`"${template}" is not a path template of google.api.http`);
  const segments = path.slice(1).split('/');
  const wrong = segments.find((segment) => segment !== '*' && segment !== '**' && !literal.test(segment));
  if (wrong !== undefined) throw new Error(`"${template}" is not a path template of google.api.http: segment "${wrong}"`);
  const deep = segments.indexOf('**');
  if (deep >= 0 && segments.slice(deep + 1).some((segment) => segment.includes('*'))) {
    throw new Error(`"${template}": only literals may follow "**", anything else is unreachable in the transcoder`);
  }
  return { segments, verb };
}

/** One text for all templates that match the same paths. The names of variables do not count. */
export function templateKey({ segments, verb }: HttpTemplate): string {
  return `/${segments.join('/')}${verb === undefined ? '' : `:${verb}`}`;
}

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
