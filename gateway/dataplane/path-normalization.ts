import type { HttpConnectionManagerConfig } from './config/listener-config.ts';

/** What becomes of a request's target. */
export type PathResult =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'reject' }
  | { readonly kind: 'redirect'; readonly path: string };

const reject: PathResult = { kind: 'reject' };

/** Envoy's order: "#" is refused, escaped slashes, normalisation (RFC 3986), merging of slashes. */
export function compilePathNormalization(config: HttpConnectionManagerConfig): (target: string) => PathResult {
  const escaped = config.path_with_escaped_slashes_action;
  return (target) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
    if (/[#\x00-\x20\x7f]/.test(target)) return reject;
    const query = target.indexOf('?');
    let path = query < 0 ? target : target.slice(0, query);
    const rest = query < 0 ? '' : target.slice(query);
    let redirect = false;
    if (escaped !== 'KEEP_UNCHANGED' && escaped !== 'IMPLEMENTATION_SPECIFIC_DEFAULT' && /%2f|%5c/i.test(path)) {
      if (escaped === 'REJECT_REQUEST') return reject;
      path = path.replace(/%2f/gi, '/').replace(/%5c/gi, '\\');
      redirect = escaped === 'UNESCAPE_AND_REDIRECT';
    }
    if (config.normalize_path) {
      const normal = normalize(path);
      if (normal === undefined) return reject;
      path = normal;
    }
    if (config.merge_slashes && path.includes('//')) path = path.replace(/\/{2,}/g, '/');
    return { kind: redirect ? 'redirect' : 'path', path: path + rest };
  };
}

// Nothing in it that normalisation could change: the common case.
const plain = /^(?:\/(?!\.)[A-Za-z0-9\-_~:@!$&'()*+,;=.]*)+$/;

/** Dot segments, "\" and escaped unreserved characters; undefined for a broken escape or an escaped NUL. */
function normalize(path: string): string | undefined {
  if (plain.test(path)) return path;
  if (!path.startsWith('/')) return path === '*' ? path : undefined;
  if (/%(?![0-9a-fA-F]{2})|%00/.test(path)) return undefined;
  const decoded = path.replaceAll('\\', '/').replace(/%[0-9a-fA-F]{2}/g, (triplet) => {
    const char = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
    return /[A-Za-z0-9\-._~]/.test(char) ? char : triplet;
  });
  const out: string[] = [];
  const segments = decoded.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === '..') out.pop();
    else if (segment !== '.') out.push(segment);
    if (last && (segment === '.' || segment === '..')) out.push('');
  }
  return `/${out.join('/')}`;
}
