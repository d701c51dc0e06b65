import { useEffect, useState } from 'preact/hooks';
import type { TraceSummary } from '../../../cloud/traces/trace-summary.ts';
import type { TraceList } from '../../api.ts';
import { paced } from '../parts/paced.ts';
import { rowProps, Trouble } from '../parts/parts.tsx';
import { serviceLabel } from '../parts/spans.ts';
import { clockTime, dayTime, duration, shortName } from '../parts/text.ts';
import { address, go, setQuery } from '../router.ts';
import { listen, platform, useServer } from '../server.ts';

/** Traces: searched, the newest first, runs told apart, going on by itself. */
export function Traces() {
  const { searchParams } = address.value;
  const [q, run, all] = [searchParams.get('q') ?? '', searchParams.get('run') ?? '', searchParams.has('all')];
  const query = new URLSearchParams({ ...(q !== '' && { q }), ...(run !== '' && { run }), ...(all && { all: '1' }) });
  const { value, error, reload } = useServer<TraceList>(`/api/traces?${query}`);
  const [isLive, setLive] = useState(true);
  useEffect(() => {
    if (!isLive) return;
    const follow = paced(reload);
    const end = listen('traces', {}, (source) => source === 'traces' && follow.ask());
    return () => {
      end();
      follow.close();
    };
  }, [isLive]);
  const longest = Math.max(1, ...(value?.traces ?? []).map(({ startUs, endUs }) => endUs - startUs));
  return (
    <>
      <div class="bar">
        <input
          class="grow"
          type="search"
          aria-label="Find traces"
          placeholder="words, key=value, service:customer, >100ms, failed"
          value={q}
          onInput={(event) => setQuery({ q: event.currentTarget.value })}
        />
        <label>
          <input type="checkbox" checked={all} onChange={() => setQuery({ all: all ? '' : '1' })} /> schedules and deliveries too
        </label>
        <select aria-label="Run" value={run} onChange={(event) => setQuery({ run: event.currentTarget.value })}>
          <option value="">all runs</option>
          {(value?.runs ?? []).map(({ run: number, startedMs }) => (
            <option key={number} value={String(number)}>
              {number === value?.current ? 'this run, since' : 'run of'} {dayTime(startedMs)}
            </option>
          ))}
        </select>
        <button type="button" aria-pressed={isLive} onClick={() => setLive(!isLive)}>
          {isLive ? 'Pause' : 'Go on'}
        </button>
      </div>
      <Trouble text={error} />
      {value !== undefined && value.traces.length === 0 ? (
        <p class="empty">
          {q === '' ? 'Nobody has called through the edge yet. ' : 'No trace has all of that. '}
          {q === '' && (
            <>
              Send something in the <a href="/explorer">explorer</a>, or run <code>npm run demo</code>.
            </>
          )}
        </p>
      ) : (
        <table aria-label="Traces">
          <thead>
            <tr>
              <th>time</th>
              <th>service</th>
              <th>what</th>
              <th class="num">took</th>
              <th aria-label="length" />
              <th class="num">spans</th>
              <th>trace</th>
            </tr>
          </thead>
          <tbody>
            {(value?.traces ?? []).map((row, index, rows) => (
              <Row key={row.trace} row={row} before={rows[index - 1]} longest={longest} runs={value?.runs ?? []} />
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function Row(props: {
  readonly row: TraceSummary;
  readonly before: TraceSummary | undefined;
  readonly longest: number;
  readonly runs: TraceList['runs'];
}) {
  const { row, before } = props;
  const ms = (row.endUs - row.startUs) / 1_000;
  const startedMs = props.runs.find(({ run }) => run === row.run)?.startedMs;
  return (
    <>
      {before !== undefined && before.run !== row.run && (
        <tr>
          <td colSpan={7} class="faint">
            an earlier run{startedMs === undefined ? '' : `, begun ${dayTime(startedMs)}`}
          </td>
        </tr>
      )}
      <tr {...rowProps(() => go(`/traces/${row.trace}`))}>
        <td class="mono nowrap">{clockTime(row.startUs / 1_000)}</td>
        <td class="nowrap">{serviceLabel(row.service, platform.value?.product)}</td>
        <td class="cut">
          {shortName(row.name)} {row.failed > 0 && <span class="bad">{row.failed} failed</span>}
        </td>
        <td class="num nowrap">{duration(ms)}</td>
        <td>
          <span class="bars" style={{ width: `${Math.max(2, (90 * ms * 1_000) / props.longest)}px` }} />
        </td>
        <td class="num">{row.spans}</td>
        <td class="mono">
          <a href={`/traces/${row.trace}`}>{row.trace.slice(0, 8)}</a>
        </td>
      </tr>
    </>
  );
}
