import { useMemo, useState } from 'preact/hooks';
import type { CallEvent, Identity, Protocol } from '../../api.ts';
import { request, type ServerError } from '../server.ts';
import { compareLines } from './compare.ts';
import { Json } from './parts.tsx';
import { duration } from './text.ts';

/** What came back of a call, as far as it has. */
export interface Answer {
  readonly id: number;
  readonly label: string;
  readonly trace: string;
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly messages: readonly unknown[];
  readonly end: Extract<CallEvent, { kind: 'end' }> | undefined;
  readonly error: string | undefined;
}

/** A call as it is asked for. */
interface Asked {
  readonly method: string;
  readonly request: string;
  readonly protocol: Protocol;
  readonly identity: Identity;
  readonly preview: Readonly<Record<string, string>>;
}

let sent = 0;
const shownMessages = 200;

/** Sends a call, and tells the answer whenever there is more of it, at most once in each frame. */
export async function runCall(asked: Asked, label: string, signal: AbortSignal, on: (answer: Answer) => void): Promise<void> {
  sent += 1;
  let answer: Answer = { id: sent, label, trace: '', status: undefined, headers: {}, messages: [], end: undefined, error: undefined };
  const tell = (more: Partial<Answer>) => {
    answer = { ...answer, ...more };
  };
  on(answer);
  try {
    const response = await request('/api/call', asked, signal);
    const decoder = new TextDecoder();
    let text = '';
    for (const reader = response.body!.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      const lines = text.split('\n');
      text = lines.pop()!;
      for (const line of lines) {
        const event = JSON.parse(line) as CallEvent;
        if (event.kind === 'sent') tell({ trace: event.trace });
        if (event.kind === 'headers') tell({ status: event.status, headers: event.headers });
        if (event.kind === 'message') tell({ messages: [...answer.messages, event.json].slice(-shownMessages) });
        if (event.kind === 'end') tell({ end: event });
        if (event.kind === 'refused') tell({ error: event.message });
      }
      on(answer);
    }
    if (answer.end === undefined && answer.error === undefined) tell({ error: 'It broke off: the platform went away.' });
  } catch (error) {
    tell({ error: signal.aborted ? 'stopped' : (error as ServerError).message });
  }
  on(answer);
}

/** One answer: how it ended, its messages, details, headers, and the way to its trace. */
export function AnswerView({ answer }: { readonly answer: Answer }) {
  const { end, error, trace, messages, headers, status } = answer;
  const [isOpen, setOpen] = useState(false);
  const isGood = end !== undefined && (end.code === 'OK' || /^2/.test(end.code));
  return (
    <div class="panel">
      <div class="bar">
        {end === undefined && error === undefined && (
          <span class="hint">… {messages.length > 0 && `${messages.length} messages so far`}</span>
        )}
        {end !== undefined && <strong class={isGood ? 'good' : 'bad'}>{end.code}</strong>}
        {end !== undefined && <span>{end.message}</span>}
        {error !== undefined && (
          <span role={error === 'stopped' ? 'status' : 'alert'} class={error === 'stopped' ? 'hint' : 'bad'}>
            {error}
          </span>
        )}
        <span class="space" />
        {end !== undefined && end.tookMs > 0 && <span class="hint">{duration(end.tookMs)}</span>}
        {trace !== '' && <a href={`/traces/${trace}`}>its trace</a>}
      </div>
      {messages.map((message, index) => (
        <Json key={index} label={`Message ${index + 1}`} value={message} />
      ))}
      {end !== undefined && end.details.length > 0 && (
        <>
          <h2>Details</h2>
          <Json label="Details" value={end.details} />
        </>
      )}
      {Object.keys(headers).length > 0 && (
        <>
          <h2>
            <button type="button" class="quiet" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
              {status === undefined ? '' : `HTTP ${status}, `}
              {Object.keys(headers).length} headers {isOpen ? '▾' : '▸'}
            </button>
          </h2>
          {isOpen && (
            <dl class="facts mono">
              {Object.entries({ ...headers, ...end?.trailers }).map(([name, value]) => [
                <dt key={name}>{name}</dt>,
                <dd key={`${name}:`}>{value}</dd>,
              ])}
            </dl>
          )}
        </>
      )}
    </div>
  );
}

/** Two answers side by side, with what differs marked. */
export function Compared({ left, right }: { readonly left: Answer; readonly right: Answer }) {
  const [a, b] = [textOf(left), textOf(right)];
  const lines = useMemo(() => compareLines(a, b), [a, b]);
  const differing = lines.filter((line) => line.left !== line.right).length;
  return (
    <section aria-label="Comparison" class="panel">
      <h2>
        {left.label} beside {right.label}: {differing === 0 ? 'the same' : `${differing} lines differ`}
      </h2>
      <table class="compared mono">
        <tbody>
          {lines.map((line, index) => (
            <tr key={index} class={line.left === line.right ? '' : 'differs'}>
              <td>{line.left}</td>
              <td>{line.right}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function textOf({ messages, end, error }: Answer): string {
  const shown = [...messages, ...(end?.details ?? [])].map((message) => JSON.stringify(sorted(message), undefined, 2));
  // REST says 200 where gRPC says OK.
  const code = end === undefined ? '' : /^2\d\d$/.test(end.code) ? 'OK' : end.code;
  return [error ?? code, ...shown].join('\n');
}

/** With the names in order: one protocol has another order than the other. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  );
}
