import type { JsonValue } from '@bufbuild/protobuf';
import { lastSegment } from '../../../../services/platform/contracts/last-segment.ts';
import { parseTraceparent } from '../../../../services/platform/contracts/traceparent.ts';
import type { Dispatch, OnDelivery } from '../push/http-dispatcher.ts';
import type { NewRecord } from '../traces/record-store.ts';
import type { DeliveryRecord } from './delivery-record.ts';
import { maskedJson, maskedMessage } from './mask-message.ts';
import type { MessageTypes } from './message-types.ts';

/** A second of a drill has more than anybody reads. */
const deliveriesPerSecond = 200;

/** Keeps what the local cloud delivers, with the answers, masked. */
export function watchDeliveries(types: MessageTypes, keep: (records: readonly NewRecord<DeliveryRecord>[]) => void): OnDelivery {
  let second = 0;
  let left = deliveriesPerSecond;
  return (dispatch, outcome, atMs, tookMs) => {
    const now = Math.floor(atMs / 1_000);
    if (now !== second) [second, left] = [now, deliveriesPerSecond];
    if (left === 0) return;
    left -= 1;
    const { body, ...sent } = sentBy(dispatch, types);
    const answer = outcome.kind === 'answered' ? outcome.status : outcome.reason;
    const ok = outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300;
    const { id, attempt, attributes } = sent;
    const spec: DeliveryRecord = { id, attempt, tookMs, answer, ok, body, ...(attributes !== undefined && { attributes }) };
    keep([{ kind: sent.kind, resource: sent.resource, trace: sent.trace, atMs, spec }]);
  };
}

interface Sent {
  readonly kind: 'event' | 'task' | 'schedule';
  readonly resource: string;
  readonly trace: string;
  readonly id: string;
  readonly attempt: number;
  readonly body: JsonValue;
  readonly attributes?: Readonly<Record<string, string>>;
}

interface Push {
  readonly subscription: string;
  readonly deliveryAttempt?: number;
  readonly message: { readonly data: string; readonly attributes: Readonly<Record<string, string>>; readonly messageId: string };
}

/** By the headers and bodies that Google's services send. */
function sentBy({ url, headers, body }: Dispatch, types: MessageTypes): Sent {
  const text = String(typeof body === 'string' ? body : Buffer.from(body));
  const method = types.triggered.get(new URL(url).pathname);
  const job = headers['x-cloudscheduler-jobname'];
  const request = (): JsonValue => {
    try {
      return method === undefined ? '[unknown]' : maskedJson(method.desc.input, JSON.parse(text || '{}') as JsonValue, types);
    } catch {
      return '[no JSON]';
    }
  };
  if (job !== undefined)
    return { kind: 'schedule', resource: job, trace: '', id: headers['x-cloudscheduler-scheduletime'] ?? '', attempt: 0, body: request() };
  const queue = headers['x-cloudtasks-queuename'];
  if (queue !== undefined) {
    const trace = parseTraceparent(headers['traceparent'])?.traceId ?? '';
    return {
      kind: 'task',
      resource: queue,
      trace,
      id: headers['x-cloudtasks-taskname'] ?? '',
      attempt: Number(headers['x-cloudtasks-taskretrycount'] ?? 0) + 1,
      body: request(),
    };
  }
  const { subscription, message, deliveryAttempt = 0 } = JSON.parse(text) as Push;
  const bytes = Buffer.from(message.data, 'base64');
  return {
    kind: 'event',
    resource: lastSegment(subscription),
    trace: parseTraceparent(message.attributes['traceparent'])?.traceId ?? '',
    id: message.messageId,
    attempt: deliveryAttempt,
    body: types.event === undefined ? `[${bytes.length} bytes]` : maskedMessage(types.event, bytes, types),
    attributes: message.attributes,
  };
}
