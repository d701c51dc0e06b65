import type { ScheduleRow } from '../../api.ts';
import { Deliveries } from '../parts/deliveries.tsx';
import { Act, Trouble } from '../parts/parts.tsx';
import { dayTime, duration } from '../parts/text.ts';
import { ask, platform, useServer } from '../server.ts';

/** Schedules, with the next time of each. */
export function Schedules({ name }: { readonly name: string }) {
  const { value, error, reload } = useServer<{ schedules: ScheduleRow[] }>('/api/schedules', 1_500);
  const nowMs = Date.now() + (platform.value?.aheadMs ?? 0);
  const does = (job: string, verb: string) => () => ask(`/api/schedules/${job}/${verb}`, {}).then(reload);
  return (
    <>
      <Trouble text={error} />
      <table aria-label="Schedules">
        <thead>
          <tr>
            <th>schedule</th>
            <th>when</th>
            <th>calls</th>
            <th>next</th>
            <th>last</th>
            <th>answer</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {(value?.schedules ?? []).map(({ job, schedule, timeZone, path, state, nextMs, lastAttemptMs, last }) => (
            <tr key={job} class={job === name ? 'chosen' : ''}>
              <td>
                <a href={`/schedules/${job}`}>{job}</a>
              </td>
              <td class="nowrap">
                <code>{schedule}</code> <span class="faint">{timeZone}</span>
              </td>
              <td class="mono">{path}</td>
              <td class="nowrap" title={nextMs === null ? '' : dayTime(nextMs)}>
                {state === 'PAUSED' ? (
                  <span class="warn">paused</span>
                ) : nextMs === null ? (
                  ''
                ) : (
                  `in ${duration(Math.max(0, nextMs - nowMs))}`
                )}
              </td>
              <td class="nowrap">{lastAttemptMs === null ? 'never' : dayTime(lastAttemptMs)}</td>
              <td class={last === 'OK' ? 'good' : 'bad'}>{last}</td>
              <td class="actions">
                <Act act={does(job, 'run')}>Fire</Act>
                {state === 'PAUSED' ? <Act act={does(job, 'resume')}>Resume</Act> : <Act act={does(job, 'pause')}>Pause</Act>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {name !== '' && <Deliveries key={name} kind="schedule" resource={name} />}
    </>
  );
}
