import { etagPlace } from '../../services/platform/contracts/etag-place.ts';
import { Code } from '../../services/platform/contracts/gen/types/google/rpc/code_pb.js';
import type { GatewayMethod } from '../bootstrap/gateway-methods.ts';
import type { JsonObject } from '../bootstrap/json.ts';

/** What a reason means, as the tables of the services have it. */
interface Reason {
  /** The gRPC status that it comes with, such as "FAILED_PRECONDITION". */
  readonly code: string;
  readonly meaning: string;
  readonly remedy: string;
}

/** Every reason that there is, and whose word they are. */
export interface ErrorCatalogue {
  readonly reasons: Readonly<Record<string, Reason>>;
  /** google.rpc.ErrorInfo.domain. */
  readonly domain: string;
}

/** A method that refuses with a reason that nobody has explained. */
export class ReasonError extends Error {
  override readonly name = 'ReasonError';
}

/** The HTTP status that the transcoder makes of a code (google/rpc/code.proto). */
const httpStatus: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

/** What a status says where the gateway answers by itself, in words and without a reason. */
const gatewaysOwn: Readonly<Record<number, string>> = {
  400: 'The request cannot be read, or a rule is broken.',
  401: 'The token is missing, has expired, or does not hold.',
  403: 'The token is of another kind of caller.',
  404: 'There is no such resource, or it is not the caller’s.',
};

/** The reasons that a method refuses with: those that it names, and those that follow from what it takes and who may call it. */
export function reasonsOf({ access, desc, bindings, reasons }: GatewayMethod): string[] {
  const all = [
    ...(desc.input.fields.length > 0 ? ['INVALID_ARGUMENT'] : []),
    ...(access === 'public' ? [] : ['TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_EXPIRED', 'PERMISSION_DENIED']),
    ...(bindings.some(({ template }) => template.variables.length > 0) ? ['NOT_FOUND'] : []),
    ...(etagPlace(desc) === undefined ? [] : ['ETAG_MISMATCH']),
    ...reasons,
  ];
  return [...new Set(all)];
}

/** The answers to a method that is refused, by their status; everything else falls under "default". @throws {ReasonError} */
export function errorResponses(method: GatewayMethod, { reasons }: ErrorCatalogue): JsonObject {
  const known = reasonsOf(method).map((name) => {
    const reason = reasons[name];
    if (reason === undefined)
      throw new ReasonError(`${method.grpcPath}: its reason "${name}" is in no table of reasons: add it to the service's reasons.ts`);
    return { name, ...reason };
  });
  const byStatus = Map.groupBy(known, ({ code }) => httpStatus[code] ?? 500);
  // Of a parameter that nobody knows, where a method takes none.
  if (!byStatus.has(400)) byStatus.set(400, []);
  const numbers = [...byStatus].toSorted(([a], [b]) => a - b);
  return {
    ...Object.fromEntries(numbers.map(([number, group]) => [String(number), response(number, group)])),
    default: { $ref: '#/components/responses/Error' },
  };
}

/** What every method may be answered with. */
export const defaultResponse: JsonObject = {
  description:
    'Every other error, in the same form: 413 and 429 for what is too large or too often, 5xx for what is worth repeating with back-off. ' +
    'Decide by details[].reason, show message to developers only.',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
};

/** google.rpc.Status as JSON, as far as its details are of the kinds that are sent. */
export const errorSchema: JsonObject = {
  type: 'object',
  description: 'A google.rpc.Status. What the gateway says by itself has no details.',
  properties: {
    code: { type: 'integer', format: 'int32', description: 'A google.rpc.Code, such as 3 for INVALID_ARGUMENT.' },
    message: { type: 'string', description: 'For developers.' },
    details: {
      type: 'array',
      items: {
        type: 'object',
        required: ['@type'],
        properties: {
          '@type': { type: 'string', description: 'Such as "type.googleapis.com/google.rpc.ErrorInfo".' },
          reason: { type: 'string', description: 'Of ErrorInfo: what to decide by. Reasons are added and never changed.' },
          domain: { type: 'string', description: 'Of ErrorInfo: whose reason it is.' },
          metadata: {
            type: 'object',
            additionalProperties: { type: 'string' },
            description: 'Of ErrorInfo: the parts of the message that change.',
          },
          fieldViolations: {
            type: 'array',
            description: "Of BadRequest: the fields at fault, by their paths in the proto's names.",
            items: { type: 'object', properties: { field: { type: 'string' }, description: { type: 'string' } } },
          },
        },
      },
    },
  },
};

/** An error of each reason that the responses of a document name. */
export function errorExamples(names: Iterable<string>, { reasons, domain }: ErrorCatalogue): JsonObject {
  return Object.fromEntries(
    [...new Set(names)].toSorted().flatMap((name) => {
      const reason = reasons[name];
      return reason === undefined ? [] : [[name, { summary: reason.meaning, value: example(name, reason, domain) }]];
    }),
  );
}

function response(number: number, group: readonly (Reason & { readonly name: string })[]): JsonObject {
  const lines = group.map(({ name, meaning, remedy }) => `- \`${name}\`: ${meaning} ${remedy}`);
  return {
    description: [gatewaysOwn[number] ?? '', lines.join('\n')].filter((text) => text !== '').join('\n\n'),
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/Error' },
        ...(group.length > 0 && {
          examples: Object.fromEntries(group.map(({ name }) => [name, { $ref: `#/components/examples/${name}` }])),
        }),
      },
    },
  };
}

function example(name: string, { code, meaning }: Reason, domain: string): JsonObject {
  const info = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: name, domain, metadata: {} };
  return { code: Code[code as keyof typeof Code], message: meaning, details: [info] };
}
