/** Runs the conformance cases on the Envoy of this machine: `npm run conformance`. Arguments: parts of names. */
import { EnvoyError } from '../envoy/envoy-error.ts';
import { requireEnvoy } from '../envoy/find-envoy.ts';
import { openRig } from './rig.ts';
import { suites } from './suites.ts';

const wanted = process.argv.slice(2);
const chosen = Object.entries(suites)
  .flatMap(([suite, cases]) => cases.map((one) => ({ name: `${suite}: ${one.name}`, one })))
  .filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
const say = (line: string) => process.stdout.write(`${line}\n`);

try {
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
  if (failed > 0 || chosen.length === 0) process.exitCode = 1;
} catch (error) {
  if (!(error instanceof EnvoyError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
