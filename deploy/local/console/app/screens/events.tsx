import { useState } from 'preact/hooks';
import type { BacklogRow, SubscriptionRow, TopicRow, WaitingMessage } from '../../api.ts';
import { Deliveries } from '../parts/deliveries.tsx';
import { Act, Json, Trouble } from '../parts/parts.tsx';
import { dayTime, duration } from '../parts/text.ts';
import { ask, platform, useServer } from '../server.ts';

/** Topics, what waits in their subscriptions, what was delivered, dead letters; and the services' outboxes and inboxes. */
export function Events({ name }: { readonly name: string }) {
  const { value, error } = useServer<{ topics: TopicRow[] }>('/api/topics', 2_000);
  return (
    <div class="columns side">
      <nav class="methods" aria-label="Topics">
        <Trouble text={error} />
        {(value?.topics ?? []).map(({ topic, subscriptions }) => (
          <section key={topic} aria-label={topic}>
            <h3>{topic}</h3>
            {subscriptions.map(({ subscription, count }) => (
              <a
                key={subscription}
                class="method"
                href={`/events/${subscription}`}
                aria-current={subscription === name ? 'page' : undefined}
              >
                {subscription}
                {count > 0 && <span class={topic.endsWith('-dead-letter') ? 'bad' : 'warn'}>{count}</span>}
              </a>
            ))}
          </section>
        ))}
      </nav>
      {name === '' ? <Backlogs /> : <Subscription key={name} name={name} />}
    </div>
  );
}

function Subscription({ name }: { readonly name: string }) {
  const { value, error, reload } = useServer<SubscriptionRow & { waiting: WaitingMessage[] }>(
    `/api/subscriptions/${encodeURIComponent(name)}`,
    1_500,
  );
  const nowMs = Date.now() + (platform.value?.aheadMs ?? 0);
  return (
    <div>
      <div class="bar">
        <h1>{name}</h1>
        {value !== undefined && (
          <span class="hint">
            {value.pushesTo === undefined ? 'pulled' : `pushed to ${value.pushesTo}`}
            {value.maxAttempts !== undefined && `, given up after ${value.maxAttempts} attempts`}
          </span>
        )}
      </div>
      <Trouble text={error} />
      <h2>Waiting{value === undefined ? '' : `: ${value.count}`}</h2>
      {value?.waiting.map((message) => (
        <div class="panel" key={message.id}>
          <div class="bar">
            <strong>{message.attributes['event_type'] ?? 'message'}</strong>
            <code class="hint">{message.orderingKey}</code>
            <span class="hint">
              published {dayTime(message.publishMs)}
              {message.attempts > 0 && `, ${message.attempts} attempts`}
              {message.nextMs > nowMs && `, the next in ${duration(message.nextMs - nowMs)}`}
            </span>
            <span class="space" />
            {message.attributes['CloudPubSubDeadLetterSourceSubscription'] !== undefined && (
              <>
                <span class="hint">given up by {message.attributes['CloudPubSubDeadLetterSourceSubscription']}</span>
                <Act act={() => ask(`/api/subscriptions/${name}/messages/${message.id}/replay`, {}).then(reload)}>Replay</Act>
              </>
            )}
          </div>
          <Json label="Message" value={message.body} />
        </div>
      ))}
      <Deliveries kind="event" resource={name} />
    </div>
  );
}

function Backlogs() {
  const { value, error, reload } = useServer<{ backlogs: BacklogRow[] }>('/api/backlogs', 4_000);
  const [told, setTold] = useState('');
  const relay = async (service: string) => {
    const { published, failed } = await ask<{ published: number; failed: number }>(`/api/backlogs/${service}/relay`, {});
    setTold(`${service}: ${published} published${failed > 0 ? `, ${failed} failed` : ''}`);
    reload();
  };
  return (
    <div>
      <h2>Outboxes and inboxes</h2>
      <Trouble text={error} />
      <p role="status" class="hint">
        {told}
      </p>
      <table aria-label="Outboxes and inboxes">
        <thead>
          <tr>
            <th>service</th>
            <th>table</th>
            <th class="num">rows</th>
            <th class="num">the oldest</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {(value?.backlogs ?? []).flatMap(({ service, tables, error: problem }) =>
            problem !== undefined
              ? [
                  <tr key={service}>
                    <td>{service}</td>
                    <td colSpan={4} class="bad">
                      {problem}
                    </td>
                  </tr>,
                ]
              : tables.map(({ table, rows, oldestMs }, index) => (
                  <tr key={`${service} ${table}`}>
                    <td>{index === 0 ? service : ''}</td>
                    <td class="mono">{table}</td>
                    <td class="num">{rows}</td>
                    <td class="num">{oldestMs === undefined ? '' : duration(oldestMs)}</td>
                    <td class="actions">{table === 'outbox' && <Act act={() => relay(service)}>Publish now</Act>}</td>
                  </tr>
                )),
          )}
        </tbody>
      </table>
    </div>
  );
}
