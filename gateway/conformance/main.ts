/** Runs the conformance cases: on the embedded data plane, or where `ENVOY` names an executable on that. Arguments: parts of names. */
import { judge } from './judge.ts';
import { embeddedPlane } from './planes/embedded-plane.ts';
import { envoyPlane } from './planes/envoy-plane.ts';
import { openRig } from './rig.ts';
import { suites } from './suites.ts';

const executable = process.env.ENVOY;
const plane = executable ? envoyPlane(executable) : embeddedPlane;
const wanted = process.argv.slice(2);

const say = (line: string) => process.stdout.write(`${line}\n`);
say(executable ? `Running on ${executable}.` : 'Running on the embedded data plane; ENVOY names no Envoy, so none is asked.');

const counts = { passed: 0, 'known-gap': 0, failed: 0 };
const rig = await openRig(plane);
try {
  for (const [suite, cases] of Object.entries(suites)) {
    for (const one of cases) {
      const name = `${suite}: ${one.name}`;
      if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
      const verdict = await judge(rig, plane.kind, one);
      counts[verdict.outcome]++;
      if (verdict.outcome === 'known-gap') say(`known gap  ${name}\n           ${verdict.reason}`);
      if (verdict.outcome === 'failed') say(`FAILED     ${name}\n${verdict.faults.map((fault) => `           ${fault}`).join('\n')}`);
    }
  }
} finally {
  await rig.close();
}
say(`${plane.name}: ${counts.passed} passed, ${counts['known-gap']} known gaps, ${counts.failed} failed`);
if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
