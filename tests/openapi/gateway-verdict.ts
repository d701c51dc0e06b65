import { type ApiDocument, type Operation, reasonsOf, type Schema } from './api-document.ts';

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** A field that breaks a rule, as BadRequest has it. */
export interface Violation {
  readonly field: string;
  readonly description: string;
}

/** What gateway and service say of a request. */
interface GatewayVerdict {
  readonly verdict: 'token' | 'invalid' | 'taken';
  readonly message: string;
  readonly violations: readonly Violation[];
  /** What of the answer the document does not have. */
  readonly faults: readonly string[];
}

interface ErrorBody {
  readonly message?: string;
  readonly details?: readonly { readonly reason?: string; readonly fieldViolations?: readonly Violation[] }[];
}

/** Reads an answer, and holds it against what the document says of answers. */
export function gatewayVerdict(api: ApiDocument, operation: Operation, { status, contentType, text }: Answer): GatewayVerdict {
  if (status === 200) {
    const content = operation.responses['200']?.content ?? {};
    const schema = content[contentType]?.schema;
    const faults: string[] = [];
    if (schema === undefined && content['*/*'] === undefined) faults.push(`an answer of ${contentType}, which the document does not list`);
    if (schema !== undefined && !operation.isStream) {
      faults.push(...unlisted(api, schema, JSON.parse(text)).map((name) => `the field ${name}, which the document does not list`));
      faults.push(...api.errors(schema, JSON.parse(text)).map(({ instancePath, message }) => `the answer's ${instancePath} ${message}`));
    }
    return { verdict: 'taken', message: '', violations: [], faults };
  }
  const body = JSON.parse(text) as ErrorBody;
  const reason = body.details?.find((detail) => detail.reason !== undefined)?.reason;
  const violations = body.details?.flatMap(({ fieldViolations = [] }) => fieldViolations) ?? [];
  const faults = api.errorBodyFaults(body).map(({ instancePath, message }) => `the error's ${instancePath} ${message}`);
  if (status >= 500) faults.push(`a status of ${status}: ${body.message}`);
  if (reason !== undefined && !reasonsOf(operation).includes(reason)) faults.push(`the reason ${reason}, which the document does not list`);
  return { verdict: verdictOf(status, reason), message: body.message ?? '', violations, faults };
}

/** Fields of an answer that its schema does not list: clients have to take them, but a document that is up to date knows them. */
function unlisted(api: ApiDocument, given: Schema, value: unknown): string[] {
  const { items, properties } = api.resolve(given);
  if (Array.isArray(value)) return items === undefined ? [] : value.flatMap((one) => unlisted(api, items, one));
  if (typeof value !== 'object' || value === null || properties === undefined) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const property = properties[name];
    return property === undefined ? [name] : unlisted(api, property, inner);
  });
}

function verdictOf(status: number, reason: string | undefined): GatewayVerdict['verdict'] {
  if (reason === undefined) return status === 401 || status === 403 ? 'token' : 'invalid';
  if (/^TOKEN_|^PERMISSION_DENIED$/.test(reason)) return 'token';
  // Every other reason is about what is there, not about what was sent.
  return reason === 'INVALID_ARGUMENT' ? 'invalid' : 'taken';
}
