import type { CallRecord } from '../cloud/messages/call-record.ts';
import type { DeliveryRecord } from '../cloud/messages/delivery-record.ts';
import type { KeptRecord } from '../cloud/traces/record-store.ts';
import type { Span } from '../cloud/traces/span.ts';
import type { TraceSummary } from '../cloud/traces/trace-summary.ts';
import type { LogLine, StoryEntry } from './api.ts';
import { askCloud } from './cloud-client.ts';
import { type LogFiles, searchLogs } from './log-files.ts';

/** A story goes through so many traces at most, the newest of them. */
const tracesRead = 60;

/**
 * All that is known of whatever has an id, such as an order, in time: calls, events, deliveries, calls of the outside world and log lines of every trace that
 * mentions it. The platform does not know what it is: it goes by the text alone.
 */
export async function storyOf(
  inspectPort: number,
  files: LogFiles,
  id: string,
): Promise<{ entries: StoryEntry[]; traces: TraceSummary[] }> {
  // "orders/1" stands as a whole in events only, in addresses behind other words.
  const text = id.slice(id.lastIndexOf('/') + 1);
  const mention = encodeURIComponent(text);
  const [{ traces }, { records }] = await Promise.all([
    askCloud<{ traces: TraceSummary[] }>(inspectPort, `/traces?all=1&q=${encodeURIComponent(`"${text.replaceAll('"', '')}"`)}`),
    askCloud<{ records: KeptRecord[] }>(inspectPort, `/records?kinds=call,event,task,schedule&mention=${mention}`),
  ]);
  const ids = [...new Set([...traces.map(({ trace }) => trace), ...records.map(({ trace }) => trace)])]
    .filter((trace) => trace !== '')
    .slice(0, tracesRead);
  const read = await Promise.all(
    ids.map((trace) =>
      askCloud<{ spans: Span[] }>(inspectPort, `/traces/${trace}`).then(
        ({ spans }) => spans,
        () => [],
      ),
    ),
  );
  const everywhere = { processes: [], severity: '' };
  const lines = [
    ...searchLogs(files, { ...everywhere, traces: [], text }, 500),
    ...(ids.length === 0 ? [] : searchLogs(files, { ...everywhere, traces: ids, text: '', severity: 'WARNING' }, 500)),
  ];
  const seen = new Set<string>();
  const entries = [
    ...read.flat().flatMap(spanEntry),
    ...records.flatMap(recordEntry),
    ...lines.filter(({ fields }) => fields['method'] === undefined || fields['code'] !== 'OK').map(lineEntry),
  ].filter((entry) => {
    const key = `${entry.atMs} ${entry.who} ${entry.what}`;
    return !seen.has(key) && seen.add(key);
  });
  return { entries: entries.toSorted((a, b) => a.atMs - b.atMs), traces };
}

/** What a span tells of the story: calls of services, events and calls of the outside world; not what gateways and databases did for them. */
function spanEntry({ kind, attributes, service, name, startUs, endUs, failed, trace, id }: Span): StoryEntry[] {
  const isOfGateway = attributes['component'] === 'proxy' || name === 'ingress' || attributes['node_id'] !== undefined;
  if (isOfGateway || attributes['db.system.name'] !== undefined) return [];
  if (kind === 'client' && attributes['rpc.system.name'] !== undefined) return [];
  const key = attributes['messaging.gcp_pubsub.message.ordering_key'];
  return [
    {
      atMs: startUs / 1_000,
      who: service,
      kind: kind === 'server' ? 'call' : kind === 'client' ? 'outside' : 'event',
      what: `${name}${key === undefined ? '' : ` (${key})`}`,
      tookMs: (endUs - startUs) / 1_000,
      failed,
      trace,
      span: id,
    },
  ];
}

function recordEntry({ kind, resource, atMs, trace, spec }: KeptRecord): StoryEntry[] {
  if (kind === 'call') {
    // Its span tells the call as well, where there is one.
    const { service, method, tookMs, code, parent } = spec as CallRecord;
    return trace === '' ? [{ atMs, who: service, kind: 'call', what: method, tookMs, failed: code !== 0, trace, span: parent }] : [];
  }
  const { answer, ok, attempt, tookMs } = spec as DeliveryRecord;
  const nth = attempt > 1 ? `, attempt ${attempt}` : '';
  return [{ atMs, who: 'cloud', kind: 'delivery', what: `${kind} to ${resource}${nth}: ${answer}`, tookMs, failed: !ok, trace, span: '' }];
}

function lineEntry({ process, timeMs, severity, message, trace }: LogLine): StoryEntry {
  return {
    atMs: timeMs,
    who: process,
    kind: 'log',
    what: message,
    tookMs: 0,
    failed: severity === 'ERROR' || severity === 'CRITICAL',
    trace,
    span: '',
  };
}
