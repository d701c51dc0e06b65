/** `npm run bench [-- name …]`: one file for each question. Times are ratios to a baseline of the same run; absolute times of this machine mean little. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What each file of this folder exports. */
interface Benchmark {
  readonly question: string;
  run(report: (line: string) => void): Promise<void>;
}

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => file.slice(0, -3))
  .toSorted();
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`no benchmark is named ${unknown.join(', ')}: there are ${names.join(', ')}\n`);
  process.exit(2);
}

// So that 'exit' listeners end what a benchmark has started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

for (const name of asked.length > 0 ? asked : names) {
  const benchmark = (await import(join(import.meta.dirname, `${name}.ts`))) as Benchmark;
  process.stdout.write(`\n${name}: ${benchmark.question}\n`);
  await benchmark.run((line) => process.stdout.write(`  ${line}\n`));
}
process.exit();
