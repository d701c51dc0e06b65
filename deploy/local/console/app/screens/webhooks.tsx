import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import type { WebhookRow } from '../../api.ts';
import { Act, Json, Trouble } from '../parts/parts.tsx';
import { ask, useServer } from '../server.ts';

/** What the outside world has sent, and the way to send it again, also with a signature that is none. */
export function Webhooks() {
  const { value, error, reload } = useServer<{ systems: { system: string; webhooks: WebhookRow[] }[] }>('/api/webhooks', 2_000);
  const [open, setOpen] = useState('');
  const [answers, setAnswers] = useState<Readonly<Record<string, string>>>({});
  const send = (system: string, seq: number, signature: 'good' | 'broken') => async () => {
    const { answer } = await ask<{ answer: number }>('/api/webhooks', { system, seq, signature });
    setAnswers((last) => ({ ...last, [`${system} ${seq}`]: `${signature} signature: ${answer === 0 ? 'no answer' : answer}` }));
    reload();
  };
  const systems = value?.systems ?? [];
  return (
    <>
      <Trouble text={error} />
      {value !== undefined && systems.length === 0 && <p class="empty">No system of the outside world answers with webhooks.</p>}
      {systems.map(({ system, webhooks }) => (
        <section key={system} aria-label={system}>
          <h2>{system}</h2>
          {webhooks.length === 0 && <p class="hint">It has sent nothing yet.</p>}
          {webhooks.length > 0 && (
            <table aria-label={`Webhooks of ${system}`}>
              <thead>
                <tr>
                  <th class="num">no.</th>
                  <th>event</th>
                  <th>id</th>
                  <th class="num">attempts</th>
                  <th>answer</th>
                  <th />
                </tr>
              </thead>
              <tbody>
                {webhooks.map(({ seq, type, id, attempts, answer, isWaiting, body }) => (
                  <Fragment key={seq}>
                    <tr>
                      <td class="num">{seq}</td>
                      <td class="nowrap">
                        <button
                          type="button"
                          class="quiet small"
                          aria-expanded={open === `${system} ${seq}`}
                          onClick={() => setOpen(open === `${system} ${seq}` ? '' : `${system} ${seq}`)}
                        >
                          {type} {open === `${system} ${seq}` ? '▾' : '▸'}
                        </button>
                      </td>
                      <td class="mono cut">{id}</td>
                      <td class="num">{attempts}</td>
                      <td class="nowrap">{isWaiting ? <span class="warn">waits</span> : <span class="good">{answer}</span>}</td>
                      <td class="actions">
                        <span role="status" class="hint">
                          {answers[`${system} ${seq}`]}
                        </span>
                        <Act act={send(system, seq, 'good')}>Send again</Act>
                        <Act act={send(system, seq, 'broken')}>With a broken signature</Act>
                      </td>
                    </tr>
                    {open === `${system} ${seq}` && (
                      <tr>
                        <td colSpan={6}>
                          <Json label="What was sent" value={body} />
                        </td>
                      </tr>
                    )}
                  </Fragment>
                ))}
              </tbody>
            </table>
          )}
        </section>
      ))}
    </>
  );
}
