import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judge } from './judge.ts';
import { embeddedPlane } from './planes/embedded-plane.ts';
import { openRig, type Rig } from './rig.ts';
import { suites } from './suites.ts';

let rig: Rig;

beforeAll(async () => {
  rig = await openRig(embeddedPlane);
});
afterAll(() => rig.close());

for (const [suite, cases] of Object.entries(suites)) {
  describe(suite, () => {
    test.each(cases)('$name', async (one) => {
      const verdict = await judge(rig, 'embedded', one);
      expect(verdict.outcome === 'failed' ? verdict.faults : []).toEqual([]);
    });
  });
}
