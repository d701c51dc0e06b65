import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRig, type Rig } from './rig.ts';
import { suites } from './suites.ts';

let rig: Rig;

beforeAll(async () => {
  rig = await openRig();
});
afterAll(() => rig.close());

for (const [suite, cases] of Object.entries(suites)) {
  describe(suite, () => {
    test.each(cases)('$name', async (one) => {
      expect(await rig.run(one)).toEqual([]);
    });
  });
}
