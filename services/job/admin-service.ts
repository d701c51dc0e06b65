import { matches } from '../platform/chassis/api/filter.ts';
import { type ListQuery, listOf, listPage } from '../platform/chassis/api/list-page.ts';
import { invalidArgument } from '../platform/chassis/errors/rpc-error.ts';
import type { Handlers } from '../platform/chassis/server/call.ts';
import type { DeadLetters } from '../platform/cloud/events/dead-letters.ts';
import {
  DeadLetterSchema,
  type JobAdminService,
  ListDeadLettersRequestSchema,
} from '../platform/contracts/gen/types/kumiko/job/v1/admin_pb.js';
import { deadLetterMessage, reading, readTopicLetters, subscribedTopics, type TopicLetter } from './topic-letters.ts';

const replayedUnlessTold = 100;

const letterList = listOf(ListDeadLettersRequestSchema, DeadLetterSchema, {
  filter: ['topic', 'kind', 'aggregate', 'event', 'give_up_time'],
  order: { field: 'give_up_time', descending: false },
});

/** The handlers of kumiko.job.v1.JobAdminService. */
export function jobAdminService({ deadLetters }: { readonly deadLetters: DeadLetters }): Handlers<typeof JobAdminService> {
  /** What waits and is asked for, in its order and behind its position. */
  async function waiting({ filter, order, after, limit }: ListQuery): Promise<readonly TopicLetter[]> {
    const letters = await readTopicLetters(deadLetters);
    const direction = order.descending ? -1 : 1;
    return letters
      .filter((letter) => filter === undefined || matches(filter, valuesOf(letter)))
      .toSorted((a, b) => direction * comparePositions(a, b.giveUpTime, b.messageId))
      .filter((letter) => direction * comparePositions(letter, after.time, after.id) > 0)
      .slice(0, limit);
  }

  return {
    async listDeadLetters(request) {
      const { items, nextPageToken } = await listPage(letterList, request, waiting, ({ giveUpTime, messageId }) => ({
        time: giveUpTime,
        id: messageId,
      }));
      return {
        deadLetters: items.map(deadLetterMessage),
        nextPageToken,
      };
    },

    async replayDeadLetters({ topic, limit }, call) {
      const total = { replayed: 0, skipped: 0 };
      for (const name of topicsOf(topic)) {
        const { replayed, skipped } = await reading(() => deadLetters.replay(name, limit || replayedUnlessTold));
        if (replayed + skipped > 0) call.logger.info({ topic: name, replayed, skipped }, 'dead letters replayed');
        total.replayed += replayed;
        total.skipped += skipped;
      }
      return total;
    },
  };
}

function valuesOf({ topic, event, giveUpTime }: TopicLetter): (field: string) => string | Date {
  const values: Readonly<Record<string, string | Date>> = {
    topic,
    event: event?.id ?? '',
    kind: event?.payload.case ?? '',
    aggregate: event?.aggregate ?? '',
    give_up_time: giveUpTime,
  };
  return (field) => values[field] ?? '';
}

function comparePositions({ giveUpTime, messageId }: TopicLetter, time: Date, id: string): number {
  return giveUpTime.getTime() - time.getTime() || (messageId < id ? -1 : messageId > id ? 1 : 0);
}

/** The topic that was asked for, or all that this service has a subscription of. */
function topicsOf(topic: string): readonly string[] {
  const topics = subscribedTopics();
  if (topic === '') return topics;
  if (topics.includes(topic)) return [topic];
  throw invalidArgument('there is no such topic', [
    { field: 'topic', description: `must be one of ${topics.join(', ')}, or empty for all` },
  ]);
}
