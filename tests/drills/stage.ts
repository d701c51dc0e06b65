import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { operatorEmail } from '../../deploy/local/platform/place.ts';
import { type Platform, type PlatformOptions, startPlatform } from '../../deploy/local/platform/start-platform.ts';
import type { Database } from '../../services/platform/cloud/spanner/database.ts';
import { openDatabase } from '../../services/platform/cloud/spanner/spanner-database.ts';
import { EventLog } from './event-log.ts';
import { TokenSource } from './token-source.ts';
import { TokenTimes } from './token-times.ts';

/** The partner whose deals are fought for. */
const partnerName = 'acme';

const second = 'second';

/** A platform of its own with what a drill reads and disturbs it by. */
export interface Stage {
  readonly platform: Platform;
  readonly stateDir: string;
  /** The platform's database, read past its owners. */
  readonly database: Database;
  /** Every event that was published. */
  readonly eventLog: EventLog;
  /** Ids of the events that each consumer was seen to have taken in. */
  readonly takenIn: Readonly<Record<'customer' | 'partner', Set<string>>>;
  /** Of the tokens of all callers. */
  readonly tokenTimes: TokenTimes;
  readonly partner: TokenSource;
  readonly operator: TokenSource;
  customer(name: string): TokenSource;
  /** Ends everything; the state stays where `keep` is set, for whoever looks for the reason of a failure. */
  close(keep: boolean): Promise<void>;
}

/**
 * Starts a platform on an empty state, with a second revision of one service if wanted: every other token asks for it.
 *
 * @param options how many instances services have, and from what; one that always runs unless told.
 */
export async function openStage(
  twice?: 'customer' | 'partner' | 'job',
  options: Pick<PlatformOptions, 'limits' | 'programs'> = {},
): Promise<Stage> {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-drill-'));
  const previews = twice === undefined ? [] : [{ service: twice, tag: second }];
  const platform = await startPlatform({ portBase: 0, stateDir, previews, ...options });
  const { endpoints } = platform;
  // Google's client takes the address from the environment.
  process.env['SPANNER_EMULATOR_HOST'] = endpoints.spanner;
  process.env['METADATA_SERVER_DETECTION'] = 'none';
  const database = openDatabase({ project: endpoints.project, instance: 'kumiko', database: 'kumiko' });
  const preview = twice && { [twice]: second };
  const customers = new Map<string, TokenSource>();
  const tokenTimes = new TokenTimes();
  const eventLog = await EventLog.open(endpoints);
  return {
    platform,
    stateDir,
    database,
    eventLog,
    takenIn: { customer: new Set(), partner: new Set() },
    tokenTimes,
    partner: new TokenSource(endpoints, tokenTimes, 'partner', partnerName, preview),
    operator: new TokenSource(endpoints, tokenTimes, 'operator', operatorEmail),
    customer(name) {
      const wanted = customers.size % 2 === 0 ? preview : undefined;
      const known = customers.get(name) ?? new TokenSource(endpoints, tokenTimes, 'customer', name, wanted);
      customers.set(name, known);
      return known;
    },
    async close(keep) {
      await Promise.all([eventLog.close(), database.close()]);
      await platform.stop();
      if (!keep) rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
