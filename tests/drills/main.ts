/** `npm run drill [-- --seed N] [--minutes N]`: drills with one seed after the other until the time is over, at least one. */
import { parseArgs } from 'node:util';
import { imagePrograms } from '../../deploy/local/platform/image-trees.ts';
import { runLimits } from '../../deploy/local/platform/run-limits.ts';
import { runCommand, UsageError } from '../../services/platform/tools/command-line.ts';
import { runDrill } from './drill.ts';
import { describeFault } from './fault-plan.ts';
import { planDrill } from './plan.ts';
import { describeReport } from './report.ts';

const usage = `usage: npm run drill -- [--seed N] [--minutes N] [--cloud-run [--instances N]]

  faults under load, and an audit of every invariant: one seed after the other until the time is over, at least one
  --cloud-run      services scale from zero and stand still between requests, as npm start -- --cloud-run has them
  --instances N    so many of each`;
/** Long enough for none to go in the rush, short enough for all to go when it is over. */
const idleMs = 5_000;
const size = { customers: 20, wishesEach: 3, loadMs: 12_000, faults: 7 };

// Google's clients listen to these signals without ending the process. What a drill has started ends with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

await runCommand({ usage }, async () => {
  const { first, minutes, ...options } = await readArguments();
  const end = performance.now() + minutes * 60_000;
  let failures = 0;
  let seed = first;
  do {
    const plan = planDrill(seed, size);
    process.stdout.write(
      `seed ${seed}${plan.twice === undefined ? '' : `, ${plan.twice} runs twice`}\n${plan.faults.map((fault) => `  ${describeFault(fault)}\n`).join('')}`,
    );
    const startedAt = performance.now();
    const report = await runDrill(plan, options);
    const lines = describeReport(report);
    if (!lines.ok) failures += 1;
    process.stdout.write(`${lines.text} (${Math.round((performance.now() - startedAt) / 1000)} s)\n`);
    seed += 1;
  } while (performance.now() < end);
  process.stdout.write(failures === 0 ? `every invariant held, ${seed - first} seeds\n` : `${failures} of ${seed - first} seeds failed\n`);
  process.exitCode = failures === 0 ? 0 : 1;
});
process.exit();

async function readArguments() {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '0' },
      'cloud-run': { type: 'boolean', default: false },
      instances: { type: 'string' },
    },
  });
  const [first, minutes] = [Number(values.seed), Number(values.minutes)];
  if (!Number.isSafeInteger(first) || first < 0) throw new UsageError(`--seed ${values.seed}: expected a whole number from 0 on`);
  if (!(minutes >= 0)) throw new UsageError(`--minutes ${values.minutes}: expected a number from 0 on`);
  const instances = values.instances === undefined ? undefined : Number(values.instances);
  if (instances !== undefined && (!values['cloud-run'] || !(Number.isSafeInteger(instances) && instances > 0))) {
    throw new UsageError(`--instances ${values.instances}: expected a whole number from 1 on, with --cloud-run`);
  }
  if (!values['cloud-run']) return { first, minutes };
  return { first, minutes, limits: runLimits({ environment: 'staging', idleMs, instances }), programs: await imagePrograms() };
}
