import { useState } from 'preact/hooks';
import type { TraceSummary } from '../../../cloud/traces/trace-summary.ts';
import type { StoryEntry } from '../../api.ts';
import { Trouble } from '../parts/parts.tsx';
import { serviceLabel } from '../parts/spans.ts';
import { clockTime, dayTime, duration, shortName } from '../parts/text.ts';
import { go } from '../router.ts';
import { platform, useServer } from '../server.ts';

/** All that happened to whatever has an id, such as an order, in time. */
export function Story({ id }: { readonly id: string }) {
  const [typed, setTyped] = useState(id);
  const { value, error } = useServer<{ entries: StoryEntry[]; traces: TraceSummary[] }>(
    id === '' ? undefined : `/api/story?id=${encodeURIComponent(id)}`,
    2_000,
  );
  return (
    <>
      <form
        class="bar"
        onSubmit={(event) => {
          event.preventDefault();
          go(`/story/${encodeURIComponent(typed.trim())}`);
        }}
      >
        <input
          class="grow"
          type="search"
          aria-label="Whose story"
          placeholder="the id of an order, a group, a deal, or any other text that its calls and events have"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <button type="submit">Tell it</button>
      </form>
      <Trouble text={error} />
      {id === '' && (
        <p class="empty">
          An id, and all that is known of what has it: calls, events, deliveries, log lines, in time and over all services.
        </p>
      )}
      {value !== undefined && value.entries.length === 0 && <p class="empty">Nothing that is kept mentions “{id}”.</p>}
      {value !== undefined && value.entries.length > 0 && (
        <table class="story" aria-label="Story">
          <tbody>
            {value.entries.map((entry, index) => (
              <Entry key={`${entry.atMs} ${entry.who} ${entry.what}`} entry={entry} before={value.entries[index - 1]} />
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

const pauseMs = 1_000;

function Entry({ entry, before }: { readonly entry: StoryEntry; readonly before: StoryEntry | undefined }) {
  const pause = before === undefined ? 0 : entry.atMs - before.atMs;
  return (
    <>
      {before === undefined && (
        <tr>
          <td colSpan={6} class="faint">
            {dayTime(entry.atMs)}
          </td>
        </tr>
      )}
      {pause > pauseMs && (
        <tr>
          <td colSpan={6} class="faint">
            {duration(pause)} later
          </td>
        </tr>
      )}
      <tr>
        <td class="mono nowrap">{clockTime(entry.atMs)}</td>
        <td class="nowrap">{serviceLabel(entry.who, platform.value?.product)}</td>
        <td>
          <span class="tag">{entry.kind}</span>
        </td>
        <td class={`cut ${entry.failed ? 'bad' : ''}`} title={entry.what}>
          {shortName(entry.what)}
        </td>
        <td class="num nowrap">{entry.kind === 'log' ? '' : duration(entry.tookMs)}</td>
        <td class="mono">
          {entry.trace !== '' && (
            <a href={`/traces/${entry.trace}${entry.span === '' ? '' : `?span=${entry.span}`}`}>{entry.trace.slice(0, 8)}</a>
          )}
        </td>
      </tr>
    </>
  );
}
