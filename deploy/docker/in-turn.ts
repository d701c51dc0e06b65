import { availableParallelism } from 'node:os';

/**
 * Does work for each item, as many at a time as there are CPUs.
 *
 * @throws what one failed with, once nothing of it runs any more: what the work uses may be closed then.
 */
export async function inTurn<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const next = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: availableParallelism() }, next));
  const failed = ended.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
