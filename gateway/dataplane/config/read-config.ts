import { readFileSync } from 'node:fs';
import * as z from 'zod';

/** A bootstrap that this data plane cannot run. Its message names every field at fault by its path. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Parses one configuration message. @throws ConfigError with the path of every field that is wrong or not supported. */
export function readConfig<S extends z.ZodType>(schema: S, value: unknown, path: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ConfigError(result.error.issues.flatMap((issue) => describe(issue, path)).join('\n'));
}

function describe(issue: z.core.$ZodIssue, base: string): string[] {
  const path = joinPath(base, issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${joinPath(path, [key])}: not supported by the embedded data plane`);
  }
  if (issue.code === 'invalid_union') {
    const closest = issue.errors.toSorted((a, b) => a.length - b.length)[0];
    if (closest !== undefined && closest.length > 0) return closest.flatMap((inner) => describe(inner, path));
  }
  return [`${path}: ${issue.message}`];
}

/** "a.b[0]" from "a" and ["b", 0]. */
export function joinPath(base: string, path: readonly PropertyKey[]): string {
  let text = base;
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? String(part) : `.${String(part)}`;
  }
  return text;
}

/** google.protobuf.Duration as proto3 JSON, such as "0.250s"; milliseconds. */
export const duration = z
  .string()
  .regex(/^\d+(\.\d{1,9})?s$/, 'a duration such as "5s" or "0.250s" is needed')
  .transform((text) => Number(text.slice(0, -1)) * 1000);

/** An unsigned integer, plain or wrapped; also as text, as proto3 JSON allows. */
export const uint = z.union([z.number().int().nonnegative(), z.string().regex(/^\d+$/)]).transform((value) => Number(value));

/** A list that may be absent. */
export const list = <S extends z.ZodType>(item: S) => z.array(item).default([]);

/** google.protobuf.Any with the message's fields beside "@type". */
export const anyConfig = z.looseObject({ '@type': z.string() });

/** An extension: its name and its configuration. */
export const extensionConfig = z.strictObject({ name: z.string(), typed_config: anyConfig });

/** envoy.config.core.v3.DataSource; file names are relative to the working directory, as in Envoy. */
export const dataSource = z
  .union([
    z.strictObject({ filename: z.string() }),
    z.strictObject({ inline_string: z.string() }),
    z.strictObject({ inline_bytes: z.base64() }),
    z.strictObject({ environment_variable: z.string() }),
  ])
  .transform((source): Buffer => {
    if ('filename' in source) return readFileSync(source.filename);
    if ('inline_string' in source) return Buffer.from(source.inline_string);
    if ('inline_bytes' in source) return Buffer.from(source.inline_bytes, 'base64');
    return Buffer.from(process.env[source.environment_variable] ?? '');
  });

/** Takes the message out of an Any and checks that it is of the expected type. */
export function unpackAny<S extends z.ZodType>(type: string, schema: S, any: z.output<typeof anyConfig>, path: string): z.output<S> {
  const { '@type': url, ...fields } = any;
  if (url !== `type.googleapis.com/${type}`) throw new ConfigError(`${path}.@type: ${url} is not supported here; ${type} is`);
  return readConfig(schema, fields, path);
}
