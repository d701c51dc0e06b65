import { useEffect, useRef, useState } from 'preact/hooks';
import type { FaultState } from '../../api.ts';
import { Act, Trouble } from '../parts/parts.tsx';
import { duration } from '../parts/text.ts';
import { ask, isConnected, platform, useServer } from '../server.ts';

const leaps = [
  ['a minute', 60],
  ['15 minutes', 900],
  ['an hour', 3600],
  ['a day', 86_400],
  ['a week', 604_800],
] as const;

const usualAborts = 0.05;

/** Time, faults and previews, in a person's hand; each fault is undone by a click. */
export function Levers() {
  const { value, error, reload } = useServer<FaultState>('/api/faults', 2_000);
  const set = (body: object) => () => ask('/api/faults', body).then(reload);
  const state = platform.value;
  const nowMs = Date.now() + (state?.aheadMs ?? 0);
  return (
    <>
      <div class="panel">
        <h2>Business time</h2>
        <div class="bar">
          <strong>{new Date(nowMs).toLocaleString()}</strong>
          <span class="hint">
            {state === undefined || state.aheadMs === 0 ? 'the machine’s own' : `${duration(state.aheadMs)} ahead of the machine`}
          </span>
          <span class="space" />
          {leaps.map(([text, seconds]) => (
            <Act key={text} act={() => ask('/api/clock', { seconds })}>
              {`+ ${text}`}
            </Act>
          ))}
        </div>
        <p class="hint">What falls due on the way happens. Time does not go back: a reset begins anew.</p>
      </div>
      <div class="panel">
        <div class="bar">
          <h2>Faults</h2>
          <span class="space" />
          <Act act={() => ask('/api/faults/lift', {}).then(reload)}>Lift all</Act>
        </div>
        <Trouble text={error} />
        {value !== undefined && <Faults state={value} set={set} />}
      </div>
      <Previews />
      <Reset />
    </>
  );
}

function Faults({ state, set }: { readonly state: FaultState; readonly set: (body: object) => () => Promise<unknown> }) {
  const { deliveries = { delayMs: 0, repeat: false, loseAnswers: false }, metadataDown, abortProbability, outside } = state;
  const isAborting = abortProbability !== undefined && abortProbability > usualAborts;
  return (
    <table aria-label="Faults">
      <tbody>
        {outside.map((system) => (
          <tr key={system.system}>
            <td class="nowrap">{system.system}</td>
            {system.isThere ? (
              <td class="actions left">
                <Toggle
                  on={system.latencyMs > 0}
                  text="is slow (5 s)"
                  act={set({ outside: { ...bare(system), latencyMs: system.latencyMs > 0 ? 0 : 5_000 } })}
                />
                <Toggle
                  on={system.errorRate > 0 && system.errorRate < 1}
                  text="fails every other time"
                  act={set({ outside: { ...bare(system), errorRate: system.errorRate > 0 && system.errorRate < 1 ? 0 : 0.5 } })}
                />
                <Toggle
                  on={system.errorRate === 1}
                  text="is down"
                  act={set({ outside: { ...bare(system), errorRate: system.errorRate === 1 ? 0 : 1 } })}
                />
                {system.canDecline && (
                  <Toggle on={system.declines} text="declines" act={set({ outside: { ...bare(system), declines: !system.declines } })} />
                )}
              </td>
            ) : (
              <td class="hint">takes no faults, or does not run</td>
            )}
          </tr>
        ))}
        <tr>
          <td class="nowrap">deliveries and webhooks</td>
          <td class="actions left">
            <Toggle on={deliveries.repeat} text="arrive twice" act={set({ deliveries: { ...deliveries, repeat: !deliveries.repeat } })} />
            <Toggle
              on={deliveries.delayMs > 0}
              text="come late (up to 5 s)"
              act={set({ deliveries: { ...deliveries, delayMs: deliveries.delayMs > 0 ? 0 : 5_000 } })}
            />
            <Toggle
              on={deliveries.loseAnswers}
              text="lose their answers"
              act={set({ deliveries: { ...deliveries, loseAnswers: !deliveries.loseAnswers } })}
            />
          </td>
        </tr>
        <tr>
          <td class="nowrap">spanner</td>
          <td class="actions left">
            {abortProbability === undefined ? (
              <span class="hint">does not run</span>
            ) : (
              <Toggle
                on={isAborting}
                text="aborts every other transaction"
                act={set({ abortProbability: isAborting ? usualAborts : 0.5 })}
              />
            )}
          </td>
        </tr>
        <tr>
          <td class="nowrap">metadata servers</td>
          <td class="actions left">
            <Toggle on={metadataDown} text="give no tokens" act={set({ metadataDown: !metadataDown })} />
          </td>
        </tr>
      </tbody>
    </table>
  );
}

function bare({ system, latencyMs, errorRate, declines }: FaultState['outside'][number]) {
  return { system, latencyMs, errorRate, declines };
}

function Toggle({ on, text, act }: { readonly on: boolean; readonly text: string; readonly act: () => Promise<unknown> }) {
  return (
    <Act act={act} class={on ? 'small on' : 'small'} pressed={on}>
      {text}
    </Act>
  );
}

/** Begins anew, once somebody has read what that means. */
function Reset() {
  const [isAsked, setAsked] = useState(false);
  const [isUnderWay, setUnderWay] = useState(false);
  // It is done when the console has been away and is there again.
  const wasAway = useRef(false);
  useEffect(() => {
    if (!isConnected.value) wasAway.current = true;
    else if (wasAway.current) setUnderWay(false);
  }, [isConnected.value]);
  const reset = async () => {
    await ask('/api/reset', {});
    wasAway.current = false;
    setAsked(false);
    setUnderWay(true);
  };
  return (
    <div class="panel">
      <h2>Reset</h2>
      <p class="hint">
        Stops every process, forgets database, messages, tasks, traces, logs, keys, business time, faults and previews, as{' '}
        <code>npm run reset</code> does, and starts anew with what a first start has. This page goes on by itself.
      </p>
      <div class="bar">
        {isUnderWay ? (
          <span role="status">Everything is being stopped, forgotten and started again…</span>
        ) : isAsked ? (
          <>
            <strong>Nothing of it comes back.</strong>
            <Act act={reset}>Forget everything</Act>
            <button type="button" class="small" onClick={() => setAsked(false)}>
              Keep it
            </button>
          </>
        ) : (
          <button type="button" class="small" onClick={() => setAsked(true)}>
            Reset…
          </button>
        )}
      </div>
    </div>
  );
}

function Previews() {
  const [asked, setAsked] = useState({ service: '', tag: '', from: '' });
  const previews = platform.value?.previews ?? [];
  return (
    <div class="panel">
      <h2>Previews</h2>
      {previews.length > 0 && (
        <table aria-label="Previews">
          <tbody>
            {previews.map(({ name, service, tag, state, code }) => (
              <tr key={name}>
                <td>
                  {service}={tag}
                </td>
                <td>
                  <span class={`dot ${state === 'running' ? 'running' : state === 'ended' ? 'down' : 'starting'}`} />
                  {state}
                </td>
                <td class="cut">{code}</td>
                <td class="actions">
                  {state === 'running' && <Act act={() => ask('/api/previews/stop', { service, tag })}>Stop</Act>}
                  <a href={`/logs?service=${name}`}>log</a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div class="bar">
        <input
          aria-label="Service of the preview"
          placeholder="service"
          value={asked.service}
          onInput={(event) => setAsked({ ...asked, service: event.currentTarget.value })}
        />
        <input
          aria-label="Tag of the preview"
          placeholder="tag, such as pr-123"
          value={asked.tag}
          onInput={(event) => setAsked({ ...asked, tag: event.currentTarget.value })}
        />
        <input
          class="grow"
          aria-label="Code of the preview"
          placeholder="this folder, or another one, or a commit"
          value={asked.from}
          onInput={(event) => setAsked({ ...asked, from: event.currentTarget.value })}
        />
        <Act
          disabled={asked.service === '' || asked.tag === ''}
          act={() => ask('/api/previews', { service: asked.service, tag: asked.tag, ...(asked.from !== '' && { from: asked.from }) })}
        >
          Start
        </Act>
      </div>
    </div>
  );
}
