import type { Logger } from 'pino';
import { gaugeOf, instruments } from '../../contracts/instruments.ts';
import type { Outbox } from './outbox.ts';

/** What the relay needs of the call that it is run by. */
interface RelayCall {
  readonly logger: Logger;
  readonly deadline: Date;
}

/**
 * The relay of an owner: publishes at most `limit` of what its outbox holds, as far as the call's deadline lets it, and says in one log line and two gauges
 * what is left, with every run, also where nothing waits: an alert stands on the gauges, and another on their absence.
 *
 * @throws {DatabaseError} where the rows cannot be read or deleted.
 */
export async function relayOutbox(
  outbox: Outbox,
  limit: number,
  { logger, deadline }: RelayCall,
): Promise<{ published: number; failed: number }> {
  const { published, failed, error } = await outbox.publishPending(limit, deadline);
  if (failed > 0) logger.warn({ err: error, failed }, 'events wait for the next relay');
  const { rows, lagSeconds } = await outbox.backlog();
  logger.info({ published, outboxRows: rows, outboxLagSeconds: lagSeconds }, 'outbox relayed');
  gaugeOf(instruments.outboxEvents).record(rows);
  gaugeOf(instruments.outboxLag).record(lagSeconds);
  return { published, failed };
}
