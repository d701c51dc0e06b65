import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { invalidArgument, unavailable } from '../platform/chassis/errors/rpc-error.ts';
import type { Handlers } from '../platform/chassis/server/call.ts';
import type { DeadLetters } from '../platform/cloud/events/dead-letters.ts';
import type { JobAdminService } from '../platform/contracts/gen/types/kumiko/job/v1/admin_pb.js';
import { JobService } from '../platform/contracts/gen/types/kumiko/job/v1/job_pb.js';
import { workloadOf } from '../platform/contracts/methods.ts';
import { listTriggers } from '../platform/contracts/triggers.ts';

const shownOfEachTopic = 100;
const replayedUnlessTold = 100;

/** The handlers of kumiko.job.v1.JobAdminService. */
export function jobAdminService({ deadLetters }: { readonly deadLetters: DeadLetters }): Handlers<typeof JobAdminService> {
  return {
    async listDeadLetters({ topic }) {
      const ofTopics = await Promise.all(
        topicsOf(topic).map(async (name) => {
          const letters = await reading(() => deadLetters.list(name, shownOfEachTopic));
          return letters.map(({ event, giveUpTime }) => ({
            topic: name,
            event: event?.id ?? '',
            kind: event?.payload.case ?? '',
            aggregate: event?.aggregate ?? '',
            version: event?.version ?? 0n,
            giveUpTime: timestampFromDate(giveUpTime),
          }));
        }),
      );
      return { deadLetters: ofTopics.flat() };
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

/** The topic that was asked for, or all that this service has a subscription of. */
function topicsOf(topic: string): readonly string[] {
  const subscriptions = listTriggers().filter(({ kind, method }) => kind === 'subscription' && method.workload === workloadOf(JobService));
  const topics = [...new Set(subscriptions.flatMap((trigger) => (trigger.kind === 'subscription' ? [trigger.topic] : [])))];
  if (topic === '') return topics;
  if (topics.includes(topic)) return [topic];
  throw invalidArgument('there is no such topic', [
    { field: 'topic', description: `must be one of ${topics.join(', ')}, or empty for all` },
  ]);
}

async function reading<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw unavailable('Pub/Sub did not do it; what was not replayed is still there', cause);
  }
}
