import type { Clock } from '../local-server.ts';
import { DueHeap } from './due-heap.ts';
import { createWakeUp } from './wake-up.ts';

/** A clock that can be moved forward by hand. */
export interface AdvanceableClock extends Clock {
  /** Moves the clock forward; what falls due on the way is called back in order, each at its own time. */
  advance(byMs: number): void;
  /** When the next callback falls due, in milliseconds since the epoch; undefined where nothing waits. */
  nextDue(): number | undefined;
}

interface Alarm {
  readonly callback: () => void;
  cancelled: boolean;
}

/**
 * A clock that goes with `base` and can be moved ahead of it.
 *
 * @example
 * const clock = createAdvanceableClock(systemClock);
 * clock.schedule(15 * 60_000, () => releaseHold());
 * clock.advance(15 * 60_000); // releases now
 */
export function createAdvanceableClock(base: Clock): AdvanceableClock {
  const alarms = new DueHeap<Alarm>();
  let aheadMs = 0;

  const now = () => base.now() + aheadMs;
  const next = () => {
    while (alarms.peek()?.value.cancelled) alarms.pop();
    return alarms.peek();
  };
  const fireDue = () => {
    for (let alarm = next(); alarm !== undefined && alarm.at <= now(); alarm = next()) {
      alarms.pop();
      alarm.value.callback();
    }
  };
  const baseAlarm = createWakeUp(base, () => {
    fireDue();
    arm();
  });
  const arm = () => {
    const alarm = next();
    if (alarm === undefined) baseAlarm.cancel();
    else baseAlarm.at(alarm.at - aheadMs);
  };

  return {
    now,
    schedule: (delayMs, callback) => {
      const alarm: Alarm = { callback, cancelled: false };
      alarms.push(now() + Math.max(0, delayMs), alarm);
      arm();
      return () => {
        alarm.cancelled = true;
        arm();
      };
    },
    advance: (byMs) => {
      if (!(byMs >= 0)) throw new RangeError(`a clock goes forward only, not by ${byMs} ms`);
      const target = now() + byMs;
      for (let alarm = next(); alarm !== undefined && alarm.at <= target; alarm = next()) {
        aheadMs = Math.max(aheadMs, alarm.at - base.now());
        fireDue();
      }
      aheadMs = Math.max(aheadMs, target - base.now());
      baseAlarm.cancel();
      arm();
    },
    nextDue: () => next()?.at,
  };
}

/** A clock that stands still until it is advanced. */
export function createManualClock(startMs = Date.UTC(2026, 0, 1)): AdvanceableClock {
  return createAdvanceableClock({ now: () => startMs, schedule: () => () => {} });
}
