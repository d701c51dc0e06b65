/** Runs the conformance cases on the Envoy of this machine: `npm run conformance`. Arguments: parts of names. */
import { parseArgs } from 'node:util';
import { runCommand, UsageError } from '../../services/platform/tools/command-line.ts';
import { EnvoyError } from '../envoy/envoy-error.ts';
import { requireEnvoy } from '../envoy/find-envoy.ts';
import { openRig } from './rig.ts';
import { suites } from './suites.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);

const usage = `usage: npm run conformance [-- PART …]

  runs the cases whose names hold one of the parts, or all of them, on the Envoy of this machine`;

await runCommand({ usage, isMistake: (error) => error instanceof EnvoyError }, async () => {
  const wanted = parseArgs({ allowPositionals: true }).positionals;
  const chosen = Object.entries(suites)
    .flatMap(([suite, cases]) => cases.map((one) => ({ name: `${suite}: ${one.name}`, one })))
    .filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
  if (chosen.length === 0) throw new UsageError(`no case is named like ${wanted.join(', ')}`);
  say(`${chosen.length} cases on ${requireEnvoy()}`);
  const rig = await openRig();
  let failed = 0;
  try {
    for (const { name, one } of chosen) {
      const faults = await rig.run(one);
      if (faults.length === 0) continue;
      failed++;
      say(`FAILED  ${name}\n${faults.map((fault) => `        ${fault}`).join('\n')}`);
    }
  } finally {
    await rig.close();
  }
  say(`${chosen.length - failed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
});
