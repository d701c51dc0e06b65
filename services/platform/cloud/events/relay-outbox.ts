import { metrics } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Outbox } from './outbox.ts';

/** What the relay needs of the call that it is run by. */
interface RelayCall {
  readonly logger: Logger;
  readonly deadline: Date;
}

/**
 * The relay of an owner: publishes at most `limit` of what its outbox holds, as far as the call's deadline lets it, and says in one log line and two gauges
 * what is left. The metrics that alerts stand on are made of that line (deploy/infra/log-metrics.ts), so it comes with every run, also where nothing waits.
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
  // Asked for now: the API's meters do not change to an SDK that is started later.
  const meter = metrics.getMeter('kumiko');
  meter.createGauge('kumiko.outbox.events', { unit: '{event}', description: 'Events that are stored and not published.' }).record(rows);
  meter.createGauge('kumiko.outbox.lag', { unit: 's', description: 'The age of the oldest of them.' }).record(lagSeconds);
  return { published, failed };
}
