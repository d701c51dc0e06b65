import { useEffect, useMemo, useState } from 'preact/hooks';
import type { CallRecord } from '../../../cloud/messages/call-record.ts';
import type { DeliveryRecord } from '../../../cloud/messages/delivery-record.ts';
import type { RecordRow, SpanRow, WholeTrace } from '../../api.ts';
import { paced } from '../parts/paced.ts';
import { Json, Trouble } from '../parts/parts.tsx';
import { type Branch, codeName, outcomeOf, serviceLabel, spanLabel, treeOf } from '../parts/spans.ts';
import { clockTime, dayTime, duration } from '../parts/text.ts';
import { VirtualRows } from '../parts/virtual-rows.tsx';
import { address, setQuery } from '../router.ts';
import { listen, platform, useServer } from '../server.ts';

const rowHeight = 20;

/** One trace as a waterfall, with the messages of each hop. */
export function Trace({ id }: { readonly id: string }) {
  const { value, error, reload } = useServer<WholeTrace>(`/api/traces/${encodeURIComponent(id)}`);
  // Spans come half a second after their call, and what it causes later.
  useEffect(() => {
    const follow = paced(reload);
    const end = listen('traces', {}, (source) => source === 'traces' && follow.ask());
    return () => {
      end();
      follow.close();
    };
  }, []);
  if (value === undefined)
    return error === undefined ? <p class="empty">…</p> : <Trouble text={`${error} Spans come half a second after their call.`} />;
  return <Waterfall whole={value} />;
}

function Waterfall({ whole }: { readonly whole: WholeTrace }) {
  const { spans, records, trace, isCut } = whole;
  const branches = useMemo(() => treeOf(spans), [spans]);
  const chosen = address.value.searchParams.get('span') ?? '';
  const startUs = spans.reduce((least, span) => Math.min(least, span.startUs), Number.POSITIVE_INFINITY);
  const endUs = spans.reduce((most, span) => Math.max(most, span.endUs), 0);
  const services = new Set(spans.map(({ service }) => service));
  const links = [...new Set(spans.flatMap((span) => span.links))].filter((other) => other !== trace);
  const span =
    spans.find((candidate) => candidate.id === chosen) ??
    spans.find(({ kind, name }) => kind === 'server' && name !== 'ingress') ??
    spans[0];
  const step = (by: number) => {
    const at = branches.findIndex((branch) => branch.span.id === span?.id);
    const next = branches[at + by];
    if (next !== undefined) setQuery({ span: next.span.id });
  };
  return (
    <>
      <div class="bar">
        <h1>{spans[0] === undefined ? 'Trace' : spanLabel(branches[0]!.span)}</h1>
        <span class="hint">
          {spans.length > 0 && `${dayTime(startUs / 1_000)} · ${duration((endUs - startUs) / 1_000)} · `}
          {spans.length} spans of {services.size} services
        </span>
        <code class="faint">{trace}</code>
        <a href={`/logs?trace=${trace}`}>its log lines</a>
        {links.map((other) => (
          <a key={other} href={`/traces/${other}`}>
            linked {other.slice(0, 8)}
          </a>
        ))}
      </div>
      {isCut && <p class="warn">Only the first {spans.length} spans are shown.</p>}
      <div class="columns detail">
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the rows inside are buttons; keys go from one to the next */}
        <div
          class="fall"
          onKeyDown={({ key, currentTarget }) => {
            if (key === 'j' || key === 'ArrowDown') step(1);
            if (key === 'k' || key === 'ArrowUp') step(-1);
            currentTarget.querySelector<HTMLElement>('.chosen')?.focus();
          }}
        >
          <VirtualRows
            count={branches.length}
            rowHeight={rowHeight}
            label="Spans"
            row={(index) => (
              <SpanLine
                key={branches[index]!.span.id}
                branch={branches[index]!}
                startUs={startUs}
                wholeUs={Math.max(1, endUs - startUs)}
                isChosen={branches[index]!.span === span}
              />
            )}
          />
          <Deliveries records={records} />
        </div>
        {span !== undefined && <SpanDetail span={span} startUs={startUs} records={records} />}
      </div>
    </>
  );
}

function SpanLine(props: { readonly branch: Branch; readonly startUs: number; readonly wholeUs: number; readonly isChosen: boolean }) {
  const { span, depth } = props.branch;
  const left = (100 * (span.startUs - props.startUs)) / props.wholeUs;
  const width = (100 * (span.endUs - span.startUs)) / props.wholeUs;
  const label = spanLabel(span);
  return (
    <button type="button" class={`span-line${props.isChosen ? ' chosen' : ''}`} title={label} onClick={() => setQuery({ span: span.id })}>
      <span class="who">{serviceLabel(span.service, platform.value?.product)}</span>
      <span class={`what${span.failed ? ' bad' : ''}`} style={{ paddingLeft: `${Math.min(depth, 24) * 11}px` }}>
        {label}
      </span>
      <span class="lane">
        <span
          class={`span${span.failed ? ' bad' : ''}`}
          style={{ left: `${Math.min(left, 99.5)}%`, width: `${Math.max(0.4, Math.min(width, 100 - left))}%` }}
        />
      </span>
      <span class="took">{duration((span.endUs - span.startUs) / 1_000)}</span>
    </button>
  );
}

function SpanDetail({
  span,
  startUs,
  records,
}: {
  readonly span: SpanRow;
  readonly startUs: number;
  readonly records: readonly RecordRow[];
}) {
  const call = records.find(
    (record): record is RecordRow<CallRecord> =>
      record.kind === 'call' &&
      (record.spec as CallRecord).parent === span.parent &&
      span.name.endsWith((record.spec as CallRecord).method),
  );
  const [isRaw, setRaw] = useState(false);
  return (
    <aside aria-label="Span">
      <div class="panel">
        <h2>{spanLabel(span)}</h2>
        <dl class="facts">
          <dt>service</dt>
          <dd>{serviceLabel(span.service, platform.value?.product)}</dd>
          <dt>kind</dt>
          <dd>{span.kind}</dd>
          <dt>began</dt>
          <dd class="mono">
            {clockTime(span.startUs / 1_000)} (+{duration((span.startUs - startUs) / 1_000)})
          </dd>
          <dt>took</dt>
          <dd>{duration((span.endUs - span.startUs) / 1_000)}</dd>
          <dt>ended</dt>
          <dd class={span.failed ? 'bad' : ''}>{outcomeOf(span)}</dd>
        </dl>
      </div>
      {call !== undefined && <Call record={call} />}
      <div class="panel">
        <h2>
          <button type="button" class="quiet" aria-expanded={isRaw} onClick={() => setRaw(!isRaw)}>
            {Object.keys(span.attributes).length} attributes {isRaw ? '▾' : '▸'}
          </button>
        </h2>
        {isRaw && (
          <dl class="facts mono">
            {Object.entries(span.attributes).map(([name, value]) => [
              <dt key={name}>{name}</dt>,
              <dd key={`${name}=`}>{String(value)}</dd>,
            ])}
          </dl>
        )}
      </div>
    </aside>
  );
}

/** What a call carried, and the way to send it again. */
function Call({ record }: { readonly record: RecordRow<CallRecord> }) {
  const { method, requests, responses, omitted, code, message, caller, preview } = record.spec;
  return (
    <div class="panel">
      <h2>Messages</h2>
      <p class="bar">
        <span class={code === 0 ? 'good' : 'bad'}>{codeName(code)}</span>
        {message !== '' && <span>{message}</span>}
        {caller !== undefined && <span class="hint">by {caller}</span>}
        {preview !== undefined && <span class="tag on">{preview}</span>}
        <a href={`/explorer/${method}?record=${record.seq}&trace=${record.trace}`}>send again, compare</a>
      </p>
      {requests.map((request, index) => (
        <Json key={index} label="Request" value={request} />
      ))}
      {responses.map((response, index) => (
        <Json key={index} label="Answer" value={response} />
      ))}
      {omitted > 0 && <p class="hint">{omitted} more messages were too many or too large to keep.</p>}
      <p class="hint">Fields marked in the proto are masked before anything is kept; of bytes only the number is known.</p>
    </div>
  );
}

function Deliveries({ records }: { readonly records: readonly RecordRow[] }) {
  const deliveries = records.filter((record): record is RecordRow<DeliveryRecord> => record.kind !== 'call');
  if (deliveries.length === 0) return null;
  return (
    <>
      <h2>Deliveries</h2>
      <table aria-label="Deliveries">
        <tbody>
          {deliveries.map(({ seq, kind, resource, atMs, spec }) => (
            <tr key={seq}>
              <td class="mono nowrap">{clockTime(atMs)}</td>
              <td>{kind}</td>
              <td class="cut">
                <a href={`/${{ event: 'events', task: 'tasks', schedule: 'schedules' }[kind] ?? 'events'}/${encodeURIComponent(resource)}`}>
                  {resource}
                </a>
              </td>
              <td class="nowrap">{spec.attempt > 1 ? `attempt ${spec.attempt}` : ''}</td>
              <td class={`nowrap ${spec.ok ? 'good' : 'bad'}`}>{spec.answer}</td>
              <td class="num nowrap">{duration(spec.tookMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
