import { fromMs } from '../google-api/protobuf-time.ts';
import type { Condition } from './resources.ts';

type State = 'CONDITION_RECONCILING' | 'CONDITION_FAILED' | 'CONDITION_SUCCEEDED';

/** google.cloud.run.v2.Condition. */
export function condition(type: string, state: State, nowMs: number, message = ''): Condition {
  return { type, state, message, lastTransitionTime: fromMs(nowMs) };
}

/** What a service says about itself: the one that counts, and those of its parts. */
export function serviceConditions(state: State, nowMs: number, message = '') {
  return {
    terminalCondition: condition('Ready', state, nowMs, message),
    conditions: [condition('RoutesReady', state, nowMs, message), condition('ConfigurationsReady', 'CONDITION_SUCCEEDED', nowMs)],
  };
}
