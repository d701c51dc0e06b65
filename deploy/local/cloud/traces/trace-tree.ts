import { status } from '@grpc/grpc-js';
import type { Span } from './span.ts';
import type { TraceSummary } from './trace-summary.ts';

/** Of another trace's id: enough to ask for it. */
const shownDigits = 8;

/** A trace as a tree: who, what, from when, how long, how it ended. A span whose parent nobody sent stands at the top. */
export function traceTree(spans: readonly Span[]): string {
  const [first] = spans;
  if (first === undefined) return 'no span of this trace is kept\n';
  const ids = new Set(spans.map(({ id }) => id));
  const children = Map.groupBy(spans, ({ parent }) => (parent !== undefined && ids.has(parent) ? parent : ''));
  const startUs = Math.min(...spans.map((span) => span.startUs));
  const endUs = Math.max(...spans.map((span) => span.endUs));
  const rows: [string, string, string, string, string][] = [];

  function add(span: Span, lead: string, branch: string, below: string): void {
    rows.push([
      span.service.replace(/^kumiko-/, ''),
      lead + branch + labelOf(span),
      `+${milliseconds(span.startUs - startUs)}`,
      milliseconds(span.endUs - span.startUs),
      outcomeOf(span),
    ]);
    const inner = children.get(span.id) ?? [];
    for (const [index, child] of inner.entries()) {
      const last = index === inner.length - 1;
      add(child, lead + below, last ? '└ ' : '├ ', last ? '  ' : '│ ');
    }
  }
  for (const root of children.get('') ?? []) add(root, '', '', '');

  const width = (column: 0 | 1 | 2 | 3) => Math.max(...rows.map((row) => row[column].length));
  const [ofService, ofTree, ofStart, ofDuration] = [width(0), width(1), width(2), width(3)];
  const lines = rows.map(([service, tree, start, duration, outcome]) =>
    `${service.padEnd(ofService)}  ${tree.padEnd(ofTree)}  ${start.padStart(ofStart)}  ${duration.padStart(ofDuration)}  ${outcome}`.trimEnd(),
  );
  const services = new Set(spans.map(({ service }) => service)).size;
  const title = `trace ${first.trace}  ${timeOf(startUs)}  ${milliseconds(endUs - startUs)}  ${spans.length} spans of ${services} services`;
  const links = [...new Set(spans.flatMap((span) => span.links))].filter((trace) => trace !== first.trace);
  const linked = links.length === 0 ? [] : [`linked with ${links.map((trace) => trace.slice(0, shownDigits)).join(' ')}`];
  return [title, ...lines, ...linked, ''].join('\n');
}

/** Traces, one on each line, as they are listed. */
export function traceList(traces: readonly TraceSummary[]): string {
  const lines = traces.map(({ trace, startUs, endUs, spans, failed, service, name }) => {
    const faults = failed === 0 ? '' : `  ${failed} failed`;
    return `${trace}  ${timeOf(startUs)}  ${milliseconds(endUs - startUs).padStart(10)}  ${String(spans).padStart(4)} spans  ${service} ${shortName(name)}${faults}`;
  });
  return `${lines.join('\n')}\n`;
}

function labelOf(span: Span): string {
  const { attributes, name } = span;
  if (name === 'ingress') return `${attributes['http.method']} ${pathOf(String(attributes['http.url']))}`;
  if (attributes['db.system.name'] === undefined) return `${shortName(name)}${about(span)}`;
  const summary = String(attributes['db.query.summary'] ?? '').replaceAll(/(?<= )\w+\./g, '');
  return name === summary ? name : `${name}: ${summary}`;
}

/** The aggregate of an event. */
function about({ attributes }: Span): string {
  const key = attributes['messaging.gcp_pubsub.message.ordering_key'];
  return key === undefined ? '' : ` (${key})`;
}

function outcomeOf({ attributes, failed }: Span): string {
  // A service's spans have the names of today's conventions, the gateways' those of Envoy.
  const code = attributes['rpc.response.status_code'] ?? attributes['grpc.status_code'];
  const http = attributes['http.response.status_code'] ?? attributes['http.status_code'];
  const error = attributes['error.type'] ?? attributes['error.reason'] ?? (attributes['canceled'] && 'canceled');
  if (code !== undefined) return status[Number(code)] ?? String(code);
  if (http !== undefined && http !== '0') return String(http);
  if (failed || http === '0') return error === undefined ? 'failed' : String(error);
  const attempts = Number(attributes['kumiko.transaction.attempts'] ?? 1);
  return attempts > 1 ? `ok after ${attempts} attempts` : 'ok';
}

/** Without what is the same for all. */
function pathOf(url: string): string {
  return url.replace(/^\w*:\/\/[^/]*/, '');
}

/** Without the proto package. */
function shortName(name: string): string {
  return name.replace(/^kumiko\.\w+\.\w+\./, '');
}

function timeOf(us: number): string {
  return new Date(us / 1_000).toISOString();
}

function milliseconds(us: number): string {
  return us < 10_000 ? `${(us / 1_000).toFixed(1)} ms` : `${Math.round(us / 1_000)} ms`;
}
