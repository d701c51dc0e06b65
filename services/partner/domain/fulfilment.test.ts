import { describe, expect, test } from 'vitest';
import { type Fulfilment, type FulfilmentState, type FulfilmentTrigger, fulfilmentTransitions, move } from './fulfilment.ts';

const states = Object.keys(fulfilmentTransitions) as FulfilmentState[];
const triggers: FulfilmentTrigger[] = ['ship', 'deliver', 'cancel'];

describe('every row of the fulfilment table', () => {
  for (const state of states) {
    for (const trigger of triggers) {
      const to = fulfilmentTransitions[state][trigger];
      const after = move({ state, version: 4n } as Fulfilment, trigger);
      if (to === undefined) test(`${state} refuses ${trigger}`, () => expect(after).toBeUndefined());
      else test(`${state} takes ${trigger} and counts its version`, () => expect(after).toEqual({ state: to, version: 5n }));
    }
  }
});
