import type { HeaderMatcherConfig, RouteMatchConfig, StringMatcherConfig } from './config/matcher-config.ts';
import type { Headers } from './header-map.ts';

/** Whether a text matches. */
export type TextMatcher = (text: string) => boolean;
/** Whether request headers match. */
export type HeadersMatcher = (headers: Headers) => boolean;

/** Compiles envoy.type.matcher.v3.StringMatcher. */
export function compileStringMatcher(config: StringMatcherConfig): TextMatcher {
  const { exact, prefix, suffix, contains, safe_regex: regex, ignore_case: ignoreCase } = config;
  if (regex !== undefined) return (text) => regex.test(text);
  // The common kinds without a call in between: routes and rules try many of them for each request.
  if (exact !== undefined && !ignoreCase) return (text) => text === exact;
  if (prefix !== undefined && !ignoreCase) return (text) => text.startsWith(prefix);
  const fold = ignoreCase ? (text: string) => text.toLowerCase() : (text: string) => text;
  if (exact !== undefined) {
    const wanted = fold(exact);
    return (text) => fold(text) === wanted;
  }
  if (prefix !== undefined) {
    const wanted = fold(prefix);
    return (text) => fold(text).startsWith(wanted);
  }
  if (suffix !== undefined) {
    const wanted = fold(suffix);
    return (text) => fold(text).endsWith(wanted);
  }
  const wanted = fold(contains ?? '');
  return (text) => fold(text).includes(wanted);
}

/** Compiles envoy.config.route.v3.HeaderMatcher. Several values of one header are matched joined by commas. */
export function compileHeaderMatcher(config: HeaderMatcherConfig): HeadersMatcher {
  const { name, invert_match: invert, treat_missing_header_as_empty: missingIsEmpty } = config;
  if (config.present_match !== undefined) {
    const wanted = config.present_match !== invert;
    return (headers) => (headers.get(name) !== undefined) === wanted;
  }
  const matches = valueMatcher(config);
  // A missing header matches nothing, and an inverted matcher of a value does not match it either.
  return (headers) => {
    const value = headers.getAll(name) ?? (missingIsEmpty ? '' : undefined);
    return value !== undefined && matches(value) !== invert;
  };
}

function valueMatcher(config: HeaderMatcherConfig): TextMatcher {
  if (config.string_match !== undefined) return compileStringMatcher(config.string_match);
  if (config.exact_match !== undefined) return compileStringMatcher({ exact: config.exact_match, ignore_case: false });
  if (config.prefix_match !== undefined) return compileStringMatcher({ prefix: config.prefix_match, ignore_case: false });
  if (config.suffix_match !== undefined) return compileStringMatcher({ suffix: config.suffix_match, ignore_case: false });
  if (config.contains_match !== undefined) return compileStringMatcher({ contains: config.contains_match, ignore_case: false });
  if (config.safe_regex_match !== undefined) return compileStringMatcher({ safe_regex: config.safe_regex_match, ignore_case: false });
  const range = config.range_match;
  if (range !== undefined) return (text) => /^-?\d+$/.test(text) && Number(text) >= range.start && Number(text) < range.end;
  return () => true;
}

/** The path of a `:path` value, without query. */
export function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}

/** A compiled envoy.config.route.v3.RouteMatch. */
export interface PathAndHeadersMatch {
  /** Set where the match is of one exact path, so that a table can index it. */
  readonly exactPath: string | undefined;
  matches(path: string, headers: Headers): boolean;
}

/** Compiles envoy.config.route.v3.RouteMatch. */
export function compileRouteMatch(config: RouteMatchConfig): PathAndHeadersMatch {
  const path = compilePath(config);
  const conditions: HeadersMatcher[] = config.headers.map(compileHeaderMatcher);
  if (config.grpc !== undefined) conditions.push((headers) => isGrpcContentType(headers.get('content-type')));
  for (const parameter of config.query_parameters) conditions.push(compileQueryParameter(parameter));
  const exactPath = config.case_sensitive ? config.path : undefined;
  if (conditions.length === 0) return { exactPath, matches: path };
  return { exactPath, matches: (text, headers) => path(text) && conditions.every((condition) => condition(headers)) };
}

function compilePath(config: RouteMatchConfig): TextMatcher {
  const ignoreCase = !config.case_sensitive;
  if (config.safe_regex !== undefined) {
    const regex = config.safe_regex;
    return (path) => regex.test(path);
  }
  if (config.path !== undefined) return compileStringMatcher({ exact: config.path, ignore_case: ignoreCase });
  if (config.prefix !== undefined)
    return config.prefix === '/' ? () => true : compileStringMatcher({ prefix: config.prefix, ignore_case: ignoreCase });
  const base = config.path_separated_prefix ?? '';
  const exact = compileStringMatcher({ exact: base, ignore_case: ignoreCase });
  const below = compileStringMatcher({ prefix: `${base}/`, ignore_case: ignoreCase });
  return (path) => exact(path) || below(path);
}

function compileQueryParameter(config: RouteMatchConfig['query_parameters'][number]): HeadersMatcher {
  const matches = config.string_match === undefined ? () => true : compileStringMatcher(config.string_match);
  return (headers) => {
    const target = headers.get(':path') ?? '';
    const query = target.indexOf('?');
    const value = query < 0 ? null : new URLSearchParams(target.slice(query + 1)).get(config.name);
    return value === null ? config.present_match === false : matches(value);
  };
}

/** application/grpc or application/grpc+something: not application/grpc-web. */
export function isGrpcContentType(contentType: string | undefined): boolean {
  if (!contentType?.startsWith('application/grpc')) return false;
  return contentType.length === 16 || contentType.charCodeAt(16) === 43;
}
