import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import { ApiError, invalidArgument } from '../google-api/api-error.ts';
import { toStatus } from '../google-api/grpc-server.ts';
import type { Broker } from './broker.ts';
import { receivedMessage } from './received-message.ts';
import type { Subscriber } from './subscriber.ts';

interface StreamingPullRequest {
  readonly subscription: string;
  readonly ackIds: readonly string[];
  readonly modifyDeadlineSeconds: readonly number[];
  readonly modifyDeadlineAckIds: readonly string[];
  readonly streamAckDeadlineSeconds: number;
  readonly maxOutstandingMessages: string;
}

// Messages in one response.
const batchSize = 100;

/** StreamingPull: the first request names the subscription, later ones acknowledge and move deadlines. */
export function streamingPull(broker: Broker) {
  return (call: ServerDuplexStream<StreamingPullRequest, object>): void => {
    let subscriber: Subscriber | undefined;
    let leaseMs = 0;
    let limit = Number.POSITIVE_INFINITY;
    let stopListening = () => {};
    const outstanding = new Set<string>();

    const end = () => {
      stopListening();
      subscriber = undefined;
    };
    const fail = (error: unknown) => {
      end();
      call.emit('error', toStatus(error));
    };
    const pump = () => {
      while (subscriber !== undefined) {
        for (const ackId of outstanding) if (!subscriber.holds(ackId)) outstanding.delete(ackId);
        const room = Math.min(batchSize, limit - outstanding.size);
        const received = room > 0 ? subscriber.take(room, leaseMs) : [];
        if (received.length === 0) return;
        for (const { ackId } of received) outstanding.add(ackId);
        call.write({ receivedMessages: received.map(receivedMessage) });
      }
    };
    const open = (request: StreamingPullRequest) => {
      subscriber = broker.subscriber(request.subscription);
      if (subscriber.spec.pushConfig !== null) {
        throw new ApiError(status.FAILED_PRECONDITION, `${request.subscription} is a push subscription`);
      }
      if (request.streamAckDeadlineSeconds < 10 || request.streamAckDeadlineSeconds > 600) {
        throw invalidArgument('stream_ack_deadline_seconds has to be from 10 to 600');
      }
      leaseMs = request.streamAckDeadlineSeconds * 1000;
      if (Number(request.maxOutstandingMessages) > 0) limit = Number(request.maxOutstandingMessages);
      stopListening = subscriber.onChange(pump);
    };

    call.on('data', (request: StreamingPullRequest) => {
      try {
        if (subscriber === undefined) open(request);
        if (request.modifyDeadlineAckIds.length !== request.modifyDeadlineSeconds.length) {
          throw invalidArgument('modify_deadline_seconds has to have as many entries as modify_deadline_ack_ids');
        }
        subscriber?.ack(request.ackIds);
        request.modifyDeadlineAckIds.forEach((ackId, index) => {
          subscriber?.modifyDeadline([ackId], request.modifyDeadlineSeconds[index] ?? 0);
        });
        pump();
      } catch (error) {
        fail(error);
      }
    });
    call.on('end', () => {
      end();
      call.end();
    });
    call.on('cancelled', end);
  };
}
