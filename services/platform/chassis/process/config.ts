import * as z from 'zod';
import { toDotPath } from 'zod/v4/core';
import { Secret } from './secret.ts';

/** A service's environment variables: their names with their zod types. Describe each (`.describe('…')`) with what is accepted. */
type ConfigShape = Readonly<Record<string, z.ZodType>>;

/** The parsed variables, by the variables' names. */
export type Config<S extends ConfigShape> = { readonly [K in keyof S]: z.output<S[K]> };

/** What is wrong with the environment: for the operator, so it needs no stack. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** One line for each variable at fault. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(
      `the environment has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
    this.faults = faults;
  }
}

/** The type of a variable that holds a secret. */
export const secret = z
  .string()
  .min(1)
  .transform((value) => new Secret(value))
  .describe('a secret text');

/** The type of a variable that holds an http(s) URL. */
export const httpUrl = z.url({ protocol: /^https?$/, error: 'is not an http(s) URL' }).describe('an http:// or https:// URL');

/** The type of JSON in a variable. */
export const jsonText = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'is not JSON' });
    return z.NEVER;
  }
});

const text = z.string().min(1);

// Of https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration.
const samplerNames = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** A value of OTEL_TRACES_SAMPLER. */
export type SamplerName = (typeof samplerNames)[number];

/** The variables that every service has. */
export const chassisShape = {
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080).describe('a port from 0 to 65535, 0 for any that is free'),
  HOST: text.default('0.0.0.0').describe('the address to listen on'),
  K_REVISION: text.optional().describe('the name of the revision, which Cloud Run sets'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('trace, debug, info, warn, error, fatal or silent'),
  GOOGLE_CLOUD_PROJECT: text.describe('the id of the Google Cloud project'),
  SPANNER_INSTANCE: text.describe('the id of the Spanner instance'),
  SPANNER_DATABASE: text.describe('the id of the Spanner database'),
  SPANNER_DATABASE_ROLE: text.optional().describe("the service's database role; without it the session has every right of its account"),
  CUSTOMER_ISSUER: text.describe("the issuer of customers' tokens"),
  CUSTOMER_AUDIENCE: text.describe("the audience of customers' tokens"),
  CUSTOMER_JWKS_URI: httpUrl,
  PARTNER_ISSUER: text.describe("the issuer of partners' tokens"),
  PARTNER_AUDIENCE: text.describe("the audience of partners' tokens"),
  PARTNER_JWKS_URI: httpUrl,
  GOOGLE_ISSUER: text.describe("the issuer of operators' and triggers' tokens"),
  GOOGLE_JWKS_URI: httpUrl,
  OPERATOR_EMAILS: z
    .string()
    .transform((list) =>
      list
        .split(',')
        .map((email) => email.trim())
        .filter((email) => email !== ''),
    )
    .pipe(z.array(z.email()))
    .default([])
    .describe('e-mail addresses with commas between; empty for none'),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  // OpenTelemetry's own name for it.
  OTEL_BSP_SCHEDULE_DELAY: z.coerce.number().int().min(1).default(5_000).describe('milliseconds between two exports of spans'),
  // Likewise; but not less than the 10 s that Cloud Monitoring wants between two points, where metrics go there.
  OTEL_METRIC_EXPORT_INTERVAL: z.coerce.number().int().min(1).default(60_000).describe('milliseconds between two exports of metrics'),
  OTEL_TRACES_SAMPLER: z.enum(samplerNames).default('parentbased_always_on').describe(samplerNames.join(', ')),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1).describe('the share of traces for a ratio sampler, from 0 to 1'),
  REFLECTION: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .describe('true or false'),
} as const;

/** What every service knows from its environment. */
export type ChassisConfig = Config<typeof chassisShape>;

/**
 * Parses the environment. An empty variable counts as missing.
 *
 * @throws {ConfigError} with every fault at once. Values are never quoted: one of them may be a secret in the wrong place.
 */
export function loadConfig<S extends ConfigShape>(shape: S, env: Readonly<Record<string, string | undefined>>): Config<S> {
  const faults: string[] = [];
  const entries = Object.entries(shape).map(([name, type]) => {
    const value = env[name] === '' ? undefined : env[name];
    const parsed = type.safeParse(value);
    if (parsed.success) return [name, parsed.data];
    const accepted = type.description ?? 'another value';
    faults.push(
      value === undefined ? `${name} is missing: expected ${accepted}` : `${name} is wrong: expected ${accepted}${reasons(parsed.error)}`,
    );
    return [name, undefined];
  });
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(Object.fromEntries(entries)) as Config<S>;
}

function reasons(error: z.ZodError): string {
  const texts = error.issues.map((issue) => (issue.path.length > 0 ? `${toDotPath(issue.path)}: ${issue.message}` : issue.message));
  return ` (${texts.join('; ')})`;
}
