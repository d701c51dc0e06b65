import type { SpanRow } from '../../api.ts';
import { shortName } from './text.ts';

/** A span in the tree of its trace. */
export interface Branch {
  readonly span: SpanRow;
  readonly depth: number;
}

/** The spans of a trace as a tree, from the top. One whose parent nobody sent stands at the top. */
export function treeOf(spans: readonly SpanRow[]): Branch[] {
  const ids = new Set(spans.map(({ id }) => id));
  const children = Map.groupBy(spans, ({ parent }) => (parent !== undefined && ids.has(parent) ? parent : ''));
  const branches: Branch[] = [];
  // Without recursion: ten thousand spans may hang on one another.
  const open = (children.get('') ?? []).map((span) => ({ span, depth: 0 })).toReversed();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    branches.push(next);
    const { depth } = next;
    open.push(...(children.get(next.span.id) ?? []).map((span) => ({ span, depth: depth + 1 })).toReversed());
  }
  return branches;
}

/** What a span did, in a few words. */
export function spanLabel({ name, attributes }: SpanRow): string {
  if (name === 'ingress') return `${attributes['http.method']} ${String(attributes['http.url']).replace(/^\w*:\/\/[^/]*/, '')}`;
  const key = attributes['messaging.gcp_pubsub.message.ordering_key'];
  if (attributes['db.system.name'] === undefined) return `${shortName(name)}${key === undefined ? '' : ` (${key})`}`;
  const summary = String(attributes['db.query.summary'] ?? '').replaceAll(/(?<= )\w+\./g, '');
  return name === summary ? name : `${name}: ${summary}`;
}

/** Without what is the same for all. */
export function serviceLabel(service: string, product: string | undefined): string {
  return product !== undefined && service.startsWith(`${product}-`) ? service.slice(product.length + 1) : service;
}

const codes = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** The name of a gRPC code. */
export function codeName(code: number | undefined): string {
  return code === undefined ? 'no status' : (codes[code] ?? String(code));
}

/** How a span ended. */
export function outcomeOf({ attributes, failed }: SpanRow): string {
  // A service's span has the code's name, a gateway's its number.
  const name = attributes['rpc.response.status_code'];
  const code = attributes['grpc.status_code'];
  const http = attributes['http.response.status_code'] ?? attributes['http.status_code'];
  const error = attributes['error.type'] ?? attributes['error.reason'] ?? (attributes['canceled'] && 'canceled');
  if (name !== undefined) return String(name);
  if (code !== undefined) return codeName(Number(code));
  if (http !== undefined && http !== '0') return String(http);
  return failed || http === '0' ? String(error ?? 'failed') : 'ok';
}
