import { expect, it } from 'vitest';
import { imagePrograms } from '../deploy/local/platform/image-trees.ts';
import { runDrill } from './drills/drill.ts';
import { planDrill } from './drills/plan.ts';
import { describeReport } from './drills/report.ts';

// As in production, and up in half of the time.
const programs = await imagePrograms();
const slice = { customers: 10, wishesEach: 2, loadMs: 5_000, faults: 4 };

it('every invariant holds after a short drill', { timeout: 240_000 }, async () => {
  const report = await runDrill(planDrill(7, slice), { programs });
  const { ok, text } = describeReport(report);
  expect(ok, text).toBe(true);
  expect(report.snapshot.ledger.length).toBeGreaterThan(0);
});

it('the same seed plans the same drill', () => {
  expect(planDrill(7, slice)).toEqual(planDrill(7, slice));
  expect(planDrill(8, slice)).not.toEqual(planDrill(7, slice));
});
