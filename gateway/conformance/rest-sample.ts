import { type DescMessage, type DescMethod, getOption, type JsonValue } from '@bufbuild/protobuf';
import { http } from '../../services/platform/contracts/gen/types/google/api/annotations_pb.js';
import type { HttpRule } from '../../services/platform/contracts/gen/types/google/api/http_pb.js';

/** A REST request to a method, and what its path and body say. */
export interface RestSample {
  readonly httpMethod: string;
  readonly path: string;
  /** Where the binding takes one. */
  readonly body?: '{}';
  /** What of it the request message has to hold. */
  readonly fields: JsonValue;
}

/** One for each binding of a method. They are read from the annotation, not from what gateway/bootstrap makes of it. */
export function restSamples(method: DescMethod): RestSample[] {
  const rule = getOption(method, http);
  return rule.pattern.case === undefined ? [] : [rule, ...rule.additionalBindings].map((one) => sampleOf(method.input, one));
}

function sampleOf(input: DescMessage, { pattern, body }: HttpRule): RestSample {
  if (pattern.case === undefined || pattern.case === 'custom') throw new Error('a custom HTTP method has no sample');
  const fields: Record<string, JsonValue> = {};
  let segments = 0;
  const path = pattern.value.replace(/\{([\w.]+)(?:=([^}]+))?\}/g, (_, name: string, template: string | undefined) => {
    const value = (template ?? '*').replaceAll('*', () => `x${++segments}`);
    bind(fields, input, name.split('.'), value);
    return value;
  });
  const raw = input.fields.find(({ name, message }) => name === body && message?.typeName === 'google.api.HttpBody');
  if (raw !== undefined) fields[raw.jsonName] = { contentType: 'application/json', data: Buffer.from('{}').toString('base64') };
  return { httpMethod: pattern.case.toUpperCase(), path, ...(body !== '' && { body: '{}' as const }), fields };
}

/** Sets a text field by its path through messages. */
function bind(object: Record<string, JsonValue>, message: DescMessage, path: readonly string[], value: string): void {
  const [name, ...rest] = path;
  const field = message.fields.find((one) => one.name === name);
  if (field === undefined) throw new Error(`${message.typeName} has no field ${name}`);
  if (rest.length === 0 || field.message === undefined) {
    object[field.jsonName] = value;
    return;
  }
  const inner: Record<string, JsonValue> = {};
  object[field.jsonName] = inner;
  bind(inner, field.message, rest, value);
}
