import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import type { QueueRow } from '../../api.ts';
import { Deliveries } from '../parts/deliveries.tsx';
import { Act, Json, Trouble } from '../parts/parts.tsx';
import { dayTime, duration } from '../parts/text.ts';
import { ask, platform, useServer } from '../server.ts';

/** Queues, with what waits in them and when it is due. */
export function Tasks({ name }: { readonly name: string }) {
  const { value, error, reload } = useServer<{ queues: QueueRow[] }>('/api/queues', 1_500);
  const queue = value?.queues.find((candidate) => candidate.queue === name);
  return (
    <div class="columns side">
      <nav class="methods" aria-label="Queues">
        <Trouble text={error} />
        {(value?.queues ?? []).map(({ queue: id, count, state }) => (
          <a key={id} class="method" href={`/tasks/${id}`} aria-current={id === name ? 'page' : undefined}>
            {id}
            <span>
              {state === 'PAUSED' && <span class="warn">paused </span>}
              {count > 0 && <span class="hint">{count}</span>}
            </span>
          </a>
        ))}
      </nav>
      {queue === undefined ? (
        <p class="empty">{name === '' ? 'Choose a queue.' : value === undefined ? '…' : `There is no queue “${name}”.`}</p>
      ) : (
        <Queue key={name} queue={queue} reload={reload} />
      )}
    </div>
  );
}

function Queue({ queue, reload }: { readonly queue: QueueRow; readonly reload: () => void }) {
  const { queue: name, state, limits, attempts, tasks, count } = queue;
  const [open, setOpen] = useState('');
  const nowMs = Date.now() + (platform.value?.aheadMs ?? 0);
  const does = (path: string) => () => ask(`/api/queues/${name}${path}`, {}).then(reload);
  return (
    <div>
      <div class="bar">
        <h1>{name}</h1>
        <span class="hint">
          at most {limits.maxDispatchesPerSecond} a second, {limits.maxConcurrentDispatches} at a time, {attempts} attempts
        </span>
        <span class="space" />
        {state === 'PAUSED' ? <Act act={does('/resume')}>Resume</Act> : <Act act={does('/pause')}>Pause</Act>}
      </div>
      <h2>Waiting: {count}</h2>
      {tasks.length > 0 && (
        <table aria-label="Tasks">
          <thead>
            <tr>
              <th>due</th>
              <th>task</th>
              <th class="num">attempts</th>
              <th>the last answer</th>
              <th>trace</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {tasks.map(({ task, scheduleMs, attempts: tried, last, trace, body }) => (
              <Fragment key={task}>
                <tr>
                  <td class="nowrap" title={dayTime(scheduleMs)}>
                    {scheduleMs <= nowMs ? 'now' : `in ${duration(scheduleMs - nowMs)}`}
                  </td>
                  <td class="cut">
                    <button
                      type="button"
                      class="quiet small"
                      aria-expanded={open === task}
                      onClick={() => setOpen(open === task ? '' : task)}
                    >
                      {task} {open === task ? '▾' : '▸'}
                    </button>
                  </td>
                  <td class="num">{tried}</td>
                  <td class="nowrap bad">{last}</td>
                  <td class="mono">{trace !== '' && <a href={`/traces/${trace}`}>{trace.slice(0, 8)}</a>}</td>
                  <td class="actions">
                    <Act act={does(`/tasks/${task}/run`)}>Run now</Act>
                    <Act act={does(`/tasks/${task}/delete`)}>Delete</Act>
                  </td>
                </tr>
                {open === task && (
                  <tr>
                    <td colSpan={6}>
                      <Json label="Task" value={body} />
                    </td>
                  </tr>
                )}
              </Fragment>
            ))}
          </tbody>
        </table>
      )}
      <Deliveries kind="task" resource={name} />
    </div>
  );
}
