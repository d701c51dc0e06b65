/** `npm run bench [-- name …]`: one file for each question. Times are ratios to a baseline of the same run; absolute times of this machine mean little. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, UsageError } from '../services/platform/tools/command-line.ts';

/** What each file of this folder exports. */
interface Benchmark {
  readonly question: string;
  run(report: (line: string) => void): Promise<void>;
}

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => file.slice(0, -3))
  .toSorted();
// So that 'exit' listeners end what a benchmark has started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const usage = `usage: npm run bench [-- NAME …]

  measures; without a name everything. There are
${names.map((name) => `  ${name}`).join('\n')}`;

await runCommand({ usage }, async () => {
  const asked = process.argv.slice(2);
  const unknown = asked.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new UsageError(`no benchmark is named ${unknown.join(', ')}`);
  for (const name of asked.length > 0 ? asked : names) {
    const benchmark = (await import(join(import.meta.dirname, `${name}.ts`))) as Benchmark;
    process.stdout.write(`\n${name}: ${benchmark.question}\n`);
    await benchmark.run((line) => process.stdout.write(`  ${line}\n`));
  }
});
process.exit();
