import { useEffect, useState } from 'preact/hooks';
import type { LogLine } from '../../api.ts';
import { Trouble } from '../parts/parts.tsx';
import { clockTime, dayTime } from '../parts/text.ts';
import { VirtualRows } from '../parts/virtual-rows.tsx';
import { address, setQuery } from '../router.ts';
import { ask, isConnected, listen, platform } from '../server.ts';

const kept = 5_000;
const rowHeight = 19;
const colours: Readonly<Record<string, string>> = { WARNING: 'warn', ERROR: 'bad', CRITICAL: 'bad', DEBUG: 'faint' };

/** The logs of all processes as one stream. */
export function Logs() {
  const { searchParams } = address.value;
  const filter = Object.fromEntries(['service', 'severity', 'trace', 'q'].map((name) => [name, searchParams.get(name) ?? '']));
  const key = JSON.stringify(filter);
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [error, setError] = useState<string>();
  const [isLive, setLive] = useState(true);
  const [open, setOpen] = useState<LogLine>();
  const connected = isConnected.value;
  useEffect(() => {
    const gone = new AbortController();
    ask<{ lines: LogLine[] }>(`/api/logs?${new URLSearchParams(filter)}`, undefined, gone.signal).then(
      (found) => {
        setLines(found.lines);
        setError(undefined);
      },
      (problem: Error) => !gone.signal.aborted && setError(problem.message),
    );
    const end = isLive
      ? listen('logs', filter, (source, data) => {
          if (source === 'logs') setLines((last) => [...last, ...(data as { lines: LogLine[] }).lines].slice(-kept));
        })
      : undefined;
    return () => {
      gone.abort();
      end?.();
    };
  }, [key, isLive, connected]);
  const startedMs = platform.value?.startedMs ?? 0;
  return (
    <div class="whole">
      <div class="bar">
        <input
          class="grow"
          type="search"
          aria-label="Find lines"
          placeholder="a text, such as an order's id"
          value={filter['q']}
          onInput={(event) => setQuery({ q: event.currentTarget.value })}
        />
        <select aria-label="Process" value={filter['service']} onChange={(event) => setQuery({ service: event.currentTarget.value })}>
          <option value="">all processes</option>
          {(platform.value?.processes ?? []).map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <select aria-label="Severity" value={filter['severity']} onChange={(event) => setQuery({ severity: event.currentTarget.value })}>
          <option value="">every severity</option>
          <option value="INFO">info and up</option>
          <option value="WARNING">warnings and up</option>
          <option value="ERROR">errors</option>
        </select>
        {filter['trace'] !== '' && (
          <button type="button" onClick={() => setQuery({ trace: '' })}>
            trace {filter['trace']?.slice(0, 8)} ✕
          </button>
        )}
        <button type="button" aria-pressed={isLive} onClick={() => setLive(!isLive)}>
          {isLive ? 'Pause' : 'Go on'}
        </button>
      </div>
      <Trouble text={error} />
      {lines.length === 0 && <p class="empty">No line fits. What is written from now on appears here.</p>}
      <div class={open === undefined ? 'whole' : 'columns detail whole'}>
        <VirtualRows
          count={lines.length}
          rowHeight={rowHeight}
          label="Log"
          follow={isLive}
          row={(index) => {
            const line = lines[index]!;
            const isOld = line.timeMs < startedMs;
            return (
              <button
                type="button"
                key={index}
                class={`log-line${line === open ? ' chosen' : ''}${isOld ? ' old' : ''}`}
                onClick={() => setOpen(line === open ? undefined : line)}
              >
                <span class="when" title={isOld ? `an earlier run, ${dayTime(line.timeMs)}` : ''}>
                  {line.timeMs === 0 ? '' : clockTime(line.timeMs)}
                </span>
                <span class="who">{line.process}</span>
                <span class={colours[line.severity] ?? ''}>{line.message}</span>
              </button>
            );
          }}
        />
        {open !== undefined && <Line line={open} />}
      </div>
    </div>
  );
}

function Line({ line }: { readonly line: LogLine }) {
  return (
    <aside class="panel" aria-label="Line">
      <h2>
        {line.process} · {line.severity} · {dayTime(line.timeMs)}
      </h2>
      <pre>{line.message}</pre>
      {line.trace !== '' && (
        <p>
          <a href={`/traces/${line.trace}`}>its trace</a> · <a href={`/logs?trace=${line.trace}`}>lines of the trace</a>
        </p>
      )}
      <dl class="facts mono">
        {Object.entries(line.fields).map(([name, value]) => [
          <dt key={name}>{name}</dt>,
          <dd key={`${name}=`}>{typeof value === 'object' ? JSON.stringify(value) : String(value)}</dd>,
        ])}
      </dl>
    </aside>
  );
}
