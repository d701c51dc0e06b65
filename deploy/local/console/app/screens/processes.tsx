import type { FaultState } from '../../api.ts';
import { Act } from '../parts/parts.tsx';
import { bytes, duration } from '../parts/text.ts';
import { ask, platform, useServer } from '../server.ts';

/** The processes of the platform, and where things listen. */
export function Processes() {
  const state = platform.value;
  const { value: faults, reload } = useServer<FaultState>('/api/faults', 2_000);
  const held = faults?.held ?? [];
  const does = (name: string, verb: string) => () => ask(`/api/processes/${encodeURIComponent(name)}/${verb}`, {}).then(reload);
  if (state === undefined) return <p class="empty">Waiting for the platform…</p>;
  return (
    <>
      <table aria-label="Processes">
        <thead>
          <tr>
            <th>process</th>
            <th>state</th>
            <th class="num">pid</th>
            <th class="num">for</th>
            <th class="num">memory</th>
            <th class="num">starts</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {state.processes.map(({ name, state: how, pid, sinceMs, memoryBytes, starts }) => (
            <tr key={name}>
              <td>{name}</td>
              <td class="nowrap">
                <span class={`dot ${how}`} />
                {held.includes(name) ? 'stands still' : how}
              </td>
              <td class="num">{how === 'stopped' ? '' : pid}</td>
              <td class="num nowrap">{duration(Math.max(0, Date.now() - sinceMs))}</td>
              <td class="num nowrap">{memoryBytes === undefined ? '' : bytes(memoryBytes)}</td>
              <td class="num">{starts}</td>
              <td class="actions">
                {how === 'stopped' ? (
                  <Act act={does(name, 'start')} label={`Start ${name}`}>
                    Start
                  </Act>
                ) : (
                  <>
                    <Act act={does(name, 'start')} label={`Restart ${name}`}>
                      Restart
                    </Act>
                    <Act act={does(name, 'stop')} label={`Stop ${name}`}>
                      Stop
                    </Act>
                    <Act act={does(name, 'kill')} label={`Kill ${name}`}>
                      Kill
                    </Act>
                    {held.includes(name) ? (
                      <Act act={does(name, 'release')} label={`Let ${name} go on`}>
                        Go on
                      </Act>
                    ) : (
                      <Act act={does(name, 'hold')} label={`Let ${name} stand still`}>
                        Stand still
                      </Act>
                    )}
                  </>
                )}
                <a href={`/logs?service=${encodeURIComponent(name)}`}>log</a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <h2>Places</h2>
      <dl class="facts mono">
        {Object.entries(state.places).map(([name, place]) => [<dt key={name}>{name}</dt>, <dd key={`${name} place`}>{place}</dd>])}
      </dl>
    </>
  );
}
