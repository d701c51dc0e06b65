import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { CallRecord } from '../../../cloud/messages/call-record.ts';
import type { Identity, MethodForm, MethodRow, Protocol, RecordRow } from '../../api.ts';
import { type Answer, AnswerView, Compared, runCall } from '../parts/answers.tsx';
import { MessageForm } from '../parts/message-form.tsx';
import { Copy, Trouble } from '../parts/parts.tsx';
import { codeName } from '../parts/spans.ts';
import { dayTime, duration } from '../parts/text.ts';
import { address } from '../router.ts';
import { ask, platform, useServer } from '../server.ts';

/** Every method with a form, sent through the gateways. */
export function Explorer({ name }: { readonly name: string }) {
  const { value, error } = useServer<{ methods: MethodRow[] }>('/api/methods');
  const [filter, setFilter] = useState('');
  const methods = (value?.methods ?? []).filter((method) =>
    `${method.name} ${method.rest ?? ''} ${method.access}`.toLowerCase().includes(filter.toLowerCase()),
  );
  const groups = Map.groupBy(methods, (method) => method.name.slice(0, method.name.indexOf('/')));
  return (
    <div class="columns side">
      <nav class="methods" aria-label="Methods">
        <input
          type="search"
          aria-label="Find methods"
          placeholder="find a method"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <Trouble text={error} />
        {[...groups].map(([service, rows]) => (
          <section key={service} aria-label={service}>
            <h3>{service.replace(/^\w+\./, '')}</h3>
            {rows.map((row) => (
              <a
                key={row.name}
                class="method"
                href={`/explorer/${row.name}`}
                title={row.summary}
                aria-current={row.name === name ? 'page' : undefined}
              >
                {row.name.slice(row.name.indexOf('/') + 1)}
                <span class="faint">{row.access}</span>
              </a>
            ))}
          </section>
        ))}
      </nav>
      {name === '' ? (
        <p class="empty">Choose a method. Ctrl-Enter sends it; what it caused is a trace.</p>
      ) : (
        <Method key={name} name={name} />
      )}
    </div>
  );
}

function Method({ name }: { readonly name: string }) {
  const { value: form, error, reload } = useServer<MethodForm>(`/api/methods/${name}`);
  const change = platform.value?.change;
  const builtMs = change?.state === 'done' ? change.atMs : 0;
  useEffect(() => {
    if (builtMs > 0) void reload();
  }, [builtMs]);
  const { searchParams } = address.value;
  const [record, trace] = [searchParams.get('record'), searchParams.get('trace') ?? ''];
  const kept = useServer<{ readonly records: readonly RecordRow<CallRecord>[] }>(
    record === null ? undefined : trace === '' ? `/api/records?kinds=call&resource=${encodeURIComponent(name)}` : `/api/traces/${trace}`,
  );
  const call = kept.value?.records.find(({ kind, seq }) => kind === 'call' && String(seq) === record);
  if (form === undefined) return error === undefined ? <p class="empty">…</p> : <Trouble text={error} />;
  if (record !== null && kept.value === undefined) return kept.error === undefined ? <p class="empty">…</p> : <Trouble text={kept.error} />;
  return <Caller key={record} form={form} call={call} />;
}

function Caller({ form, call }: { readonly form: MethodForm; readonly call: RecordRow<CallRecord> | undefined }) {
  const [text, setText] = useState(() => JSON.stringify(call?.spec.requests[0] ?? form.sample, undefined, 2));
  const [isRaw, setRaw] = useState(false);
  const [protocol, setProtocol] = useState<Protocol>(form.rest === undefined || call !== undefined ? 'grpc' : 'rest');
  const [identity, setIdentity] = useState<Identity>({ ...form.identity, subject: call?.spec.caller ?? form.identity.subject });
  const [preview, setPreview] = useState<Readonly<Record<string, string>>>({});
  const [answers, setAnswers] = useState<readonly Answer[]>(() => (call === undefined ? [] : [keptAnswer(call)]));
  const running = useRef<AbortController | undefined>(undefined);
  const [isRunning, setRunning] = useState(false);
  const request = useMemo(() => readObject(text), [text]);
  useEffect(() => () => running.current?.abort(), []);
  const asked = { method: form.name, request: text, protocol, identity, preview };

  const send = async () => {
    running.current?.abort();
    const stop = new AbortController();
    running.current = stop;
    setRunning(true);
    const label = `${protocol}${Object.entries(preview).map(([service, tag]) => `, ${service}=${tag}`)}`;
    await runCall(asked, label, stop.signal, (answer) =>
      setAnswers((last) => [answer, ...last.filter(({ id }) => id !== answer.id)].slice(0, 20)),
    );
    if (running.current === stop) setRunning(false);
  };
  const [first, second] = answers;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut of the whole form
    <div
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        void send();
      }}
    >
      <div class="bar">
        <h1>{form.name.replace(/^.*\.(?=[A-Z])/, '')}</h1>
        <span class="tag">{form.access}</span>
        {form.rest !== undefined && <code class="hint">{form.rest}</code>}
      </div>
      <p class="hint">{form.comment}</p>
      <div class="bar panel caller">
        <select aria-label="Protocol" value={protocol} onChange={(event) => setProtocol(event.currentTarget.value as Protocol)}>
          <option value="rest" disabled={form.rest === undefined}>
            REST
          </option>
          <option value="grpc">gRPC</option>
          <option value="grpc-web">gRPC-Web</option>
        </select>
        <span class="hint">as</span>
        <select
          aria-label="Kind of token"
          value={identity.kind}
          onChange={(event) => setIdentity({ ...identity, kind: event.currentTarget.value as Identity['kind'] })}
        >
          {['none', 'customer', 'partner', 'operator', 'trigger', 'service'].map((kind) => (
            <option key={kind} value={kind}>
              {kind === 'none' ? 'nobody' : kind}
            </option>
          ))}
        </select>
        {identity.kind !== 'none' && (
          <input
            aria-label="Whose token"
            value={identity.subject}
            onInput={(event) => setIdentity({ ...identity, subject: event.currentTarget.value })}
          />
        )}
        <Previews preview={preview} onChange={setPreview} />
        <span class="space" />
        <span class="hint">copy as</span>
        {(['curl', 'grpcurl', 'typescript'] as const).map((kind) => (
          <Copy key={kind} text={async () => (await ask<{ text: string }>('/api/copy', { form: kind, call: asked })).text}>
            {kind === 'typescript' ? 'TypeScript' : kind}
          </Copy>
        ))}
        {isRunning ? (
          <button type="button" onClick={() => running.current?.abort()}>
            Stop
          </button>
        ) : (
          <button type="button" class="main" onClick={() => void send()} disabled={request === undefined}>
            Send
          </button>
        )}
      </div>
      <div class="columns two">
        <section class="panel" aria-label="Request">
          <div class="bar">
            <button type="button" aria-pressed={!isRaw} class={isRaw ? 'quiet' : ''} onClick={() => setRaw(false)}>
              Form
            </button>
            <button type="button" aria-pressed={isRaw} class={isRaw ? '' : 'quiet'} onClick={() => setRaw(true)}>
              JSON
            </button>
          </div>
          {request === undefined && <p class="warn">This is no JSON object yet: finish it, then it can be sent.</p>}
          {text.includes('"[masked]"') && <p class="warn">Fields were masked when this was kept: write something in their place.</p>}
          {isRaw || request === undefined ? (
            <textarea
              aria-label="Request as JSON"
              rows={Math.min(30, text.split('\n').length + 2)}
              spellcheck={false}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          ) : (
            <MessageForm fields={form.fields} value={request} path="" onChange={(next) => setText(JSON.stringify(next, undefined, 2))} />
          )}
          {form.rules.map((rule) => (
            <p key={rule} class="hint">
              {rule}
            </p>
          ))}
        </section>
        <section aria-label="Answer" aria-live="polite">
          {first === undefined ? <p class="hint">Nothing is sent yet.</p> : <AnswerView answer={first} />}
          <History name={form.name} count={answers.length} />
        </section>
      </div>
      {first !== undefined && second !== undefined && <Compared left={second} right={first} />}
    </div>
  );
}

function Previews(props: {
  readonly preview: Readonly<Record<string, string>>;
  readonly onChange: (preview: Readonly<Record<string, string>>) => void;
}) {
  const running = (platform.value?.previews ?? []).filter(({ state }) => state === 'running');
  return (
    <>
      {[...Map.groupBy(running, ({ service }) => service)].map(([service, previews]) => (
        <label key={service}>
          {service}{' '}
          <select
            aria-label={`Preview of ${service}`}
            value={props.preview[service] ?? ''}
            onChange={({ currentTarget: { value } }) => {
              const { [service]: _, ...rest } = props.preview;
              props.onChange(value === '' ? rest : { ...rest, [service]: value });
            }}
          >
            <option value="">default</option>
            {previews.map(({ tag }) => (
              <option key={tag}>{tag}</option>
            ))}
          </select>
        </label>
      ))}
    </>
  );
}

/** Earlier calls of the method, by whomever, also of earlier runs. */
function History({ name, count }: { readonly name: string; readonly count: number }) {
  const { value } = useServer<{ records: RecordRow<CallRecord>[] }>(
    `/api/records?kinds=call&resource=${encodeURIComponent(name)}`,
    3_000 + count,
  );
  const records = value?.records ?? [];
  if (records.length === 0) return null;
  return (
    <>
      <h2>Earlier calls</h2>
      <table aria-label="Earlier calls">
        <tbody>
          {records.slice(0, 12).map(({ seq, atMs, trace, spec }) => (
            <tr key={seq}>
              <td class="nowrap">{dayTime(atMs)}</td>
              <td class={spec.code === 0 ? 'good' : 'bad'}>{codeName(spec.code)}</td>
              <td class="num">{duration(spec.tookMs)}</td>
              <td class="cut">{spec.caller ?? ''}</td>
              <td class="nowrap">
                <a href={`/explorer/${name}?record=${seq}&trace=${trace}`}>send again</a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function keptAnswer({ seq, atMs, trace, spec }: RecordRow<CallRecord>): Answer {
  return {
    id: -seq,
    label: `kept ${dayTime(atMs)}`,
    trace,
    status: undefined,
    headers: {},
    messages: spec.responses,
    end: { kind: 'end', code: codeName(spec.code), message: spec.message, details: [], trailers: {}, tookMs: spec.tookMs },
    error: undefined,
  };
}

function readObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
