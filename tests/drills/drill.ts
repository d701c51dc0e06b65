import type { PlatformOptions } from '../../deploy/local/platform/start-platform.ts';
import { injectFaults } from './inject.ts';
import { createJournal, type Journal } from './journal.ts';
import { Load } from './load.ts';
import type { DrillPlan } from './plan.ts';
import { type Findings, settleAndAudit } from './settle.ts';
import { openStage } from './stage.ts';
import { watchStock } from './watch-stock.ts';

/** How a drill ended. */
export interface DrillReport extends Findings {
  readonly plan: DrillPlan;
  readonly journal: Journal;
  /** Where the state and the logs of a drill that failed are. */
  readonly stateDir: string;
}

const holdsAreOverSeconds = 16 * 60;

/** Runs one drill on a platform of its own, as on Cloud Run where `options` say so: load and faults, then rest, then the audit. */
export async function runDrill(plan: DrillPlan, options: Pick<PlatformOptions, 'limits' | 'programs'> = {}): Promise<DrillReport> {
  const stage = await openStage(plan.twice, options);
  let failed = true;
  try {
    const journal = createJournal();
    const load = new Load(stage, plan, journal);
    await load.prepare();
    const over = new AbortController();
    const watching = watchStock(stage, journal, over.signal);
    await Promise.all([load.run(), injectFaults(stage, plan.faults)]).finally(() => over.abort());
    await watching;
    await stage.platform.advanceClock(holdsAreOverSeconds);
    await load.payLate();
    const findings = await settleAndAudit(stage, journal, plan);
    journal.incidents.push(...stage.tokenTimes.incidents);
    failed = findings.violations.length + journal.incidents.length > 0;
    return { ...findings, plan, journal, stateDir: stage.stateDir };
  } finally {
    await stage.close(failed);
  }
}
