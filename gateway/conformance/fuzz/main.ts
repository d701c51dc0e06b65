/** Fuzzes the HTTP surface of an Envoy with production's bootstrap: `npm run fuzz -- --minutes 10 --seed 1`. */
import { parseArgs } from 'node:util';
import { runCommand, UsageError } from '../../../services/platform/tools/command-line.ts';
import { fuzz } from './fuzz.ts';

const usage = `usage: npm run fuzz -- [--minutes N] [--seed WHOLE_NUMBER]

  sends mutated requests to an Envoy with production's bootstrap; one minute and any seed unless told`;

await runCommand({ usage }, async () => {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' } } });
  const minutes = Number(values.minutes);
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  if (!(minutes > 0) || !Number.isInteger(seed)) {
    throw new UsageError('--minutes takes a number above 0, --seed a whole one');
  }
  const until = Date.now() + minutes * 60_000;
  process.stdout.write(`fuzzing for ${minutes} min with seed ${seed}\n`);
  const { connections, reached, statuses, heapBytes, findings } = await fuzz({ seed, goOn: () => Date.now() < until });
  const [before, after] = heapBytes.map((bytes) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`);
  process.stdout.write(`${connections} connections, ${reached} requests reached a service, HTTP/1.1 answers ${JSON.stringify(statuses)}\n`);
  process.stdout.write(`Envoy's heap: ${before} before, ${after} after\n`);
  for (const finding of findings) process.stdout.write(`FOUND ${finding}\n`);
  process.stdout.write(findings.length === 0 ? 'nothing found\n' : `${findings.length} findings\n`);
  if (findings.length > 0) process.exitCode = 1;
});
