import { create, type DescMessage, fromJsonString } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel as Idempotency } from '@bufbuild/protobuf/wkt';
import { streamContentType } from '../bootstrap/filters/answers.ts';
import type { GatewayMethod, RestBinding } from '../bootstrap/gateway-methods.ts';
import type { Json, JsonObject } from '../bootstrap/json.ts';
import { commentOf, firstSentence } from './comments.ts';
import { type ErrorCatalogue, errorResponses } from './errors.ts';
import { documentPath, fieldAt } from './path-parameters.ts';
import { queryParameters } from './query-parameters.ts';
import { inWords, keepsRules, requiredFields, rulesOf } from './rules.ts';
import { sampleMessage } from './samples.ts';
import type { Schemas } from './schemas.ts';

/** What an operation is made with. */
interface OperationContext {
  readonly schemas: Schemas;
  readonly errors: ErrorCatalogue;
  /** What one of a collection is called. */
  readonly resources: ReadonlyMap<string, string>;
  /** The name of the document's security scheme. */
  readonly security: string;
}

/** A method at one of its paths. */
interface Operation {
  readonly path: string;
  /** Lower case. */
  readonly httpMethod: string;
  readonly operation: JsonObject;
}

/** One way to call a method by REST, as OpenAPI has it. @throws {ReasonError} */
export function operationOf(method: GatewayMethod, binding: RestBinding, operationId: string, context: OperationContext): Operation {
  const { desc, access, deadlineMs } = method;
  const { schemas, errors, resources, security } = context;
  const { path, parameters, fields } = documentPath(binding.template, desc.input, resources);
  const bound = [...fields.keys()];
  const inBody = binding.body === '*' ? desc.input.fields.map(({ name }) => name) : binding.body === '' ? [] : [binding.body];
  const comment = commentOf(desc) ?? desc.name;
  const all = [...parameters, ...queryParameters(desc.input, [...bound, ...inBody], schemas)];
  return {
    path,
    httpMethod: binding.httpMethod.toLowerCase(),
    operation: {
      operationId,
      tags: [desc.parent.name],
      summary: firstSentence(comment),
      description: [comment, `Takes ${deadlineMs / 1000} s at most. ${repetition[desc.idempotency]}`].join('\n\n'),
      security: access === 'public' ? [] : [{ [security]: [] }],
      ...(all.length > 0 && { parameters: all }),
      ...(binding.body !== '' && { requestBody: requestBody(desc.input, binding.body, fields, schemas) }),
      responses: { '200': success(method, binding, schemas), ...errorResponses(method, errors) },
      'x-grpc-method': method.grpcPath.slice(1),
      'x-deadline-seconds': deadlineMs / 1000,
    },
  };
}

const repetition: Readonly<Record<Idempotency, string>> = {
  [Idempotency.IDEMPOTENCY_UNKNOWN]: 'Not to be repeated.',
  [Idempotency.NO_SIDE_EFFECTS]: 'Changes nothing.',
  [Idempotency.IDEMPOTENT]: 'May be repeated.',
};

const rawType = 'google.api.HttpBody';
/** A body that is not read as JSON: its bytes are the message. */
const rawContent: JsonObject = { '*/*': { schema: {} } };

function requestBody(input: DescMessage, body: string, bound: ReadonlyMap<string, string>, schemas: Schemas): JsonObject {
  const field = body === '*' ? undefined : fieldAt(input, body);
  const description = field === undefined ? '' : [commentOf(field) ?? '', ...inWords(rulesOf(field))].join(' ').trim();
  const message = field === undefined ? input : field.message;
  if (message === undefined) throw new TypeError(`${input.typeName}: the body "${body}" is no message`);
  const said = description === '' ? {} : { description };
  if (message.typeName === rawType) return { ...said, required: true, content: rawContent };
  const without = [...bound.keys()].flatMap((path) =>
    field === undefined ? [path] : path.startsWith(`${body}.`) ? [path.slice(body.length + 1)] : [],
  );
  const schema =
    without.length > 0 || field === undefined ? schemas.object(message, 'request', without) : schemas.message(message, 'request');
  const needed =
    field === undefined ? [...requiredFields(message)].some((name) => !without.includes(name)) : requiredFields(input).has(field.name);
  const example = sampleMessage(message, without);
  const request = requestWith(input, field?.jsonName, example, bound);
  return {
    ...said,
    ...(needed && { required: true }),
    content: { 'application/json': { schema, ...(keepsRules(input, request) && { example }) } },
  };
}

/** The whole request that a body, its path and its query make, all of them samples. */
function requestWith(input: DescMessage, bodyField: string | undefined, body: JsonObject, bound: ReadonlyMap<string, string>) {
  let json: JsonObject = { ...sampleMessage(input), ...(bodyField === undefined ? body : { [bodyField]: body }) };
  for (const [path, value] of bound) {
    const names = path.split('.').map((_, index, all) => fieldAt(input, all.slice(0, index + 1).join('.')).jsonName);
    json = withValueAt(json, names, value);
  }
  try {
    return fromJsonString(input, JSON.stringify(json));
  } catch {
    return create(input);
  }
}

function withValueAt(json: JsonObject, [name = '', ...rest]: readonly string[], value: Json): JsonObject {
  const inner = json[name];
  return { ...json, [name]: rest.length === 0 ? value : withValueAt(isJsonObject(inner) ? inner : {}, rest, value) };
}

function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function success({ desc }: GatewayMethod, { responseBody }: RestBinding, schemas: Schemas): JsonObject {
  const field = responseBody === '' ? undefined : fieldAt(desc.output, responseBody);
  if (desc.output.typeName === rawType)
    return { description: commentOf(desc.output) === undefined ? 'OK' : 'The document.', content: rawContent };
  const schema = field === undefined ? schemas.message(desc.output, 'response') : schemas.field(field, 'response');
  const comment = commentOf(desc.output) ?? 'OK';
  if (desc.methodKind !== 'server_streaming') return { description: comment, content: { 'application/json': { schema } } };
  return {
    description: `${comment}\n\nA stream: a JSON document of this form on each line, for as long as the connection is open.`,
    content: { [streamContentType]: { schema } },
  };
}
