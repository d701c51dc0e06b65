import { setTimeout as delay } from 'node:timers/promises';
import { audit, type Violation } from './auditor.ts';
import { callUntilAnswered } from './http-call.ts';
import type { Journal } from './journal.ts';
import type { DrillPlan } from './plan.ts';
import { type Snapshot, takeSnapshot } from './snapshot.ts';
import type { Stage } from './stage.ts';

/** Beyond the last deadline: a tick of every schedule. */
const graceSeconds = 5 * 60;
/** First longer than any back-off of a push, then than a task may take before the sweep steps in; at last for what a busy machine has not come to yet. */
const stepsSeconds = [61, 61, 61, 61, 310, 310, 16 * 60, 61, 16 * 60, 61, 310, 310, 16 * 60, ...Array.from({ length: 20 }, () => 61)];
const pauseMs = 700;
const shortPauseMs = 150;
/** Turns; what has not arrived by then does not arrive. */
const longestDelivery = 60;
/** Well within the seven days that subscriptions keep a message. */
const strideSeconds = 2 * 86_400;

/** What was found at the end. */
export interface Findings {
  readonly snapshot: Snapshot;
  readonly violations: readonly Violation[];
}

/**
 * Brings the platform to rest, by moving its time on until every deadline and every retry has come, and audits it. What is still under way is a
 * violation until it is done, so the audit is repeated; what is broken stays broken.
 */
export async function settleAndAudit(stage: Stage, journal: Journal, plan: DrillPlan): Promise<Findings> {
  const longest = Math.max(...plan.deals.map(({ groupLifetimeSeconds }) => groupLifetimeSeconds));
  await advanceFar(longest + graceSeconds);
  let findings = await look();
  for (const seconds of stepsSeconds) {
    if (findings.violations.length === 0) break;
    await stage.platform.advanceClock(seconds);
    if (findings.snapshot.deadLetters > 0) await replayDeadLetters(stage);
    findings = await look();
  }
  return findings;

  /**
   * Moves time on in strides, and before each waits until every event has arrived, however slow the machine is: in a leap beyond the retention of
   * subscriptions, what waits to be delivered or retried would count as a week old and be gone.
   */
  async function advanceFar(seconds: number): Promise<void> {
    const strides = Math.ceil(seconds / strideSeconds);
    for (let stride = 0; stride < strides; stride += 1) {
      await deliver();
      await stage.platform.advanceClock(Math.min(seconds, strideSeconds));
    }
  }

  async function deliver(): Promise<void> {
    for (let turn = 0; turn < longestDelivery; turn += 1) {
      await delay(shortPauseMs);
      const snapshot = await takeSnapshot(stage, plan.customers);
      if (audit(snapshot, journal).every(({ rule }) => rule !== 'no accepted event is lost')) return;
      if (snapshot.deadLetters > 0) await replayDeadLetters(stage);
      // Longer than any back-off of a push.
      await stage.platform.advanceClock(61);
    }
  }

  async function look(): Promise<Findings> {
    let last: Findings | undefined;
    // Two looks: what has just fallen due needs a moment.
    for (let turn = 0; turn < 2; turn += 1) {
      await delay(pauseMs);
      const snapshot = await takeSnapshot(stage, plan.customers);
      last = { snapshot, violations: audit(snapshot, journal) };
      if (last.violations.length === 0) break;
    }
    return last!;
  }
}

/** What an operator does about events that an outage outlasted. */
async function replayDeadLetters(stage: Stage): Promise<void> {
  const url = `${stage.platform.endpoints.edge}/v1/operator/deadLetters:replay`;
  await callUntilAnswered({ method: 'POST', url, body: { limit: 1000 } }, stage.operator);
}
