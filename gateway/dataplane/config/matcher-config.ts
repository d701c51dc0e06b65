import * as z from 'zod';
import { list, uint } from './read-config.ts';

/** envoy.type.matcher.v3.RegexMatcher. RE2's syntax is nearly a subset of ECMAScript's; a match is of the whole text. */
export const regexMatcher = z
  .strictObject({ regex: z.string().min(1), google_re2: z.strictObject({}).optional() })
  .transform(({ regex }, context) => {
    try {
      return new RegExp(`^(?:${regex})$`, 's');
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error), path: ['regex'] });
      return z.NEVER;
    }
  });

/** envoy.type.matcher.v3.StringMatcher. */
export const stringMatcher = z
  .strictObject({
    exact: z.string().optional(),
    prefix: z.string().optional(),
    suffix: z.string().optional(),
    contains: z.string().optional(),
    safe_regex: regexMatcher.optional(),
    ignore_case: z.boolean().default(false),
  })
  .refine(
    (value) =>
      ['exact', 'prefix', 'suffix', 'contains', 'safe_regex'].filter((key) => key in value && value[key as 'exact'] !== undefined)
        .length === 1,
    'exactly one of exact, prefix, suffix, contains, safe_regex is needed',
  );
/** A parsed string matcher. */
export type StringMatcherConfig = z.output<typeof stringMatcher>;

/** envoy.config.route.v3.HeaderMatcher. */
export const headerMatcher = z.strictObject({
  name: z.string().min(1).toLowerCase(),
  exact_match: z.string().optional(),
  safe_regex_match: regexMatcher.optional(),
  prefix_match: z.string().optional(),
  suffix_match: z.string().optional(),
  contains_match: z.string().optional(),
  string_match: stringMatcher.optional(),
  present_match: z.boolean().optional(),
  range_match: z.strictObject({ start: z.coerce.number(), end: z.coerce.number() }).optional(),
  invert_match: z.boolean().default(false),
  treat_missing_header_as_empty: z.boolean().default(false),
});
/** A parsed header matcher. */
export type HeaderMatcherConfig = z.output<typeof headerMatcher>;

/** envoy.config.route.v3.QueryParameterMatcher. */
const queryParameterMatcher = z.strictObject({
  name: z.string().min(1),
  string_match: stringMatcher.optional(),
  present_match: z.boolean().optional(),
});

/** envoy.config.route.v3.RouteMatch: shared by routes and jwt_authn rules. */
export const routeMatch = z
  .strictObject({
    prefix: z.string().optional(),
    path: z.string().optional(),
    safe_regex: regexMatcher.optional(),
    path_separated_prefix: z.string().optional(),
    case_sensitive: z.boolean().default(true),
    headers: list(headerMatcher),
    query_parameters: list(queryParameterMatcher),
    grpc: z.strictObject({}).optional(),
  })
  .refine(
    (value) => [value.prefix, value.path, value.safe_regex, value.path_separated_prefix].filter((one) => one !== undefined).length === 1,
    'exactly one of prefix, path, safe_regex, path_separated_prefix is needed',
  );
/** A parsed route match. */
export type RouteMatchConfig = z.output<typeof routeMatch>;

/** envoy.type.v3.FractionalPercent as a share from 0 to 1. */
export const fractionalPercent = z
  .strictObject({ numerator: uint.default(0), denominator: z.enum(['HUNDRED', 'TEN_THOUSAND', 'MILLION']).default('HUNDRED') })
  .transform(({ numerator, denominator }) => numerator / { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 }[denominator]);

/** envoy.config.core.v3.RuntimeFractionalPercent: there is no runtime here, its default counts. */
export const runtimePercent = z
  .strictObject({ default_value: fractionalPercent, runtime_key: z.string().optional() })
  .transform((value) => value.default_value);

/** envoy.config.core.v3.RuntimeFeatureFlag: the default counts. */
export const runtimeFlag = z
  .strictObject({ default_value: z.boolean(), runtime_key: z.string().optional() })
  .transform((value) => value.default_value);
