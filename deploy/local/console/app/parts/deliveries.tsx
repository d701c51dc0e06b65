import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import type { DeliveryRecord } from '../../../cloud/messages/delivery-record.ts';
import type { RecordRow } from '../../api.ts';
import { useServer } from '../server.ts';
import { Json, Trouble } from './parts.tsx';
import { clockTime, dayTime, duration } from './text.ts';

/** The deliveries of a subscription, a queue or a job: each attempt with its answer, the newest first, with what was sent. */
export function Deliveries({ kind, resource }: { readonly kind: string; readonly resource: string }) {
  const { value, error } = useServer<{ records: RecordRow<DeliveryRecord>[] }>(
    `/api/records?kinds=${kind}&resource=${encodeURIComponent(resource)}`,
    1_500,
  );
  const [open, setOpen] = useState<number>();
  const records = value?.records ?? [];
  return (
    <>
      <h2>Attempts</h2>
      <Trouble text={error} />
      {value !== undefined && records.length === 0 && <p class="hint">None is kept.</p>}
      {records.length > 0 && (
        <table aria-label="Attempts">
          <thead>
            <tr>
              <th>time</th>
              <th>what</th>
              <th class="num">attempt</th>
              <th>answer</th>
              <th class="num">took</th>
              <th>trace</th>
            </tr>
          </thead>
          <tbody>
            {records.map(({ seq, atMs, trace, spec }) => (
              <Fragment key={seq}>
                <tr>
                  <td class="mono nowrap" title={dayTime(atMs)}>
                    {clockTime(atMs)}
                  </td>
                  <td class="cut">
                    <button
                      type="button"
                      class="quiet small"
                      aria-expanded={open === seq}
                      onClick={() => setOpen(open === seq ? undefined : seq)}
                    >
                      {nameOf(spec)} {open === seq ? '▾' : '▸'}
                    </button>
                  </td>
                  <td class="num">{spec.attempt > 0 ? spec.attempt : ''}</td>
                  <td class={`nowrap ${spec.ok ? 'good' : 'bad'}`}>{spec.answer}</td>
                  <td class="num">{duration(spec.tookMs)}</td>
                  <td class="mono">{trace !== '' && <a href={`/traces/${trace}`}>{trace.slice(0, 8)}</a>}</td>
                </tr>
                {open === seq && (
                  <tr>
                    <td colSpan={6}>
                      <Json
                        label="What was sent"
                        value={spec.attributes === undefined ? spec.body : { attributes: spec.attributes, event: spec.body }}
                      />
                    </td>
                  </tr>
                )}
              </Fragment>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

/** What a message says it is, where it does; its id otherwise. */
function nameOf({ attributes, id }: DeliveryRecord): string {
  return [attributes?.['event_type'], id].filter(Boolean).join(' ');
}
