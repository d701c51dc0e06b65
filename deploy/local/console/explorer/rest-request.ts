import { type DescMessage, type FileRegistry, fromJson, type JsonValue, toJson } from '@bufbuild/protobuf';
import type { HttpRule } from '../../../../services/platform/contracts/gen/types/google/api/http_pb.js';
import { parseHttpTemplate } from '../../../../services/platform/contracts/http-template.ts';
import { HttpProblem } from '../../shared/http/http-problem.ts';

/** A request to a REST binding. */
export interface RestRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
}

type Json = Record<string, JsonValue>;

/**
 * The request of google.api.http that carries a message: what the path's variables name goes into the path, what `body` names into the body, and the rest into
 * the query.
 *
 * @throws {HttpProblem} 400 where there is no binding, or a field of the path is empty or does not fit it.
 */
export function restRequest(rule: HttpRule | undefined, type: DescMessage, message: JsonValue, registry: FileRegistry): RestRequest {
  if (rule === undefined || typeof rule.pattern.value !== 'string' || rule.pattern.case === undefined)
    throw new HttpProblem(400, 'no_rest', 'This method has no REST binding: use gRPC.');
  // By the names in JSON, whichever were typed.
  const fields = toJson(type, fromJson(type, message, { registry }), { registry }) as Json;
  const template = parseHttpTemplate(rule.pattern.value);
  const segments = [...template.segments];
  for (const { field, from, to } of template.variables) {
    const value = take(fields, type, field.split('.'));
    const parts = String(value ?? '').split('/');
    const isDeep = segments.slice(from, to).includes('**');
    const fits = isDeep
      ? value !== undefined
      : parts.length === to - from &&
        parts.every((part, index) => part !== '' && (segments[from + index] === '*' || segments[from + index] === part));
    if (!fits)
      throw new HttpProblem(
        400,
        'invalid_path',
        `"${field}" is a part of the path, like ${segments.slice(from, to).join('/')}: "${value ?? ''}" does not fit there.`,
      );
    segments.splice(from, to - from, ...(isDeep ? [parts.map(encodeURIComponent).join('/')] : parts.map(encodeURIComponent)));
  }
  const path = `/${segments.join('/')}${template.verb === undefined ? '' : `:${template.verb}`}`;
  const bodyField = rule.body === '' || rule.body === '*' ? undefined : type.fields.find(({ name }) => name === rule.body);
  const body = rule.body === '*' ? fields : bodyField === undefined ? undefined : (take(fields, type, [rule.body]) ?? {});
  const query = rule.body === '*' ? [] : [...pairs('', fields)];
  const raw = bodyField?.message?.typeName === 'google.api.HttpBody' ? (body as { contentType?: string; data?: string }) : undefined;
  return {
    method: rule.pattern.case.toUpperCase(),
    path: query.length === 0 ? path : `${path}?${new URLSearchParams(query)}`,
    ...(raw !== undefined
      ? { body: Buffer.from(raw.data ?? '', 'base64').toString(), contentType: raw.contentType ?? 'application/json' }
      : body !== undefined && { body: JSON.stringify(body), contentType: 'application/json' }),
  };
}

/** Takes a field, by its path in the proto's names, out of a message. */
function take(fields: Json, type: DescMessage, path: readonly string[]): JsonValue | undefined {
  const [name, ...rest] = path;
  const field = type.fields.find((candidate) => candidate.name === name);
  if (field === undefined) return undefined;
  const value = fields[field.jsonName];
  if (rest.length > 0 && field.message !== undefined)
    return typeof value === 'object' && value !== null ? take(value as Json, field.message, rest) : undefined;
  delete fields[field.jsonName];
  return value;
}

/** What a query carries: each value by its path. */
function* pairs(prefix: string, value: JsonValue): Generator<[string, string]> {
  if (Array.isArray(value)) for (const item of value) yield* pairs(prefix, item);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) yield* pairs(prefix === '' ? name : `${prefix}.${name}`, inner);
  } else yield [prefix, String(value)];
}
