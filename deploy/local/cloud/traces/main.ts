/** `npm run -s traces -- last`: reads the traces of the running platform. */
import { parseArgs } from 'node:util';
import { runCommand, UsageError } from '../../../../services/platform/tools/command-line.ts';
import { runningEndpoints } from '../../platform/endpoints.ts';
import { defaultStateDir } from '../../platform/state-dir.ts';
import type { Span } from './span.ts';
import type { TraceSummary } from './trace-summary.ts';
import { traceList, traceTree } from './trace-tree.ts';

const usage = `usage:
  npm run -s traces -- last            the last trace that a customer or partner began
  npm run -s traces -- list            the newest that customers and partners began
  npm run -s traces -- <trace id>      one trace; the first digits of the id will do
  npm run -s traces -- orders/<id>     the traces in which an event of that order was sent or taken in`;

class ReadError extends Error {}

await runCommand({ usage, isMistake: (error) => error instanceof ReadError }, async () => {
  const { values, positionals } = parseArgs({
    options: { 'state-dir': { type: 'string', default: defaultStateDir } },
    allowPositionals: true,
  });
  process.stdout.write(await show(positionals[0] ?? '', values['state-dir']));
});

async function show(what: string, stateDir: string): Promise<string> {
  if (what !== 'last' && what !== 'list' && !/^[0-9a-f]{4,32}$|^\w+\//.test(what))
    throw new UsageError(what === '' ? 'what to show is missing' : `"${what}" is neither last nor list, nor a trace or resource`);
  const endpoints = runningEndpoints(stateDir);
  if (endpoints === undefined) throw new ReadError(`no platform runs on ${stateDir}: start it with npm start`);
  if (endpoints.traces === undefined) throw new ReadError('the platform runs without traces: start it without --no-console');
  if (what === 'list') return traceList((await get<{ traces: TraceSummary[] }>(`${endpoints.traces}/traces`)).traces);
  if (what.includes('/')) {
    const { traces } = await get<{ traces: TraceSummary[] }>(`${endpoints.traces}/traces?mention=${encodeURIComponent(what)}`);
    return traceList(traces);
  }
  return traceTree((await get<{ spans: Span[] }>(`${endpoints.traces}/traces/${what}`)).spans);
}

async function get<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (response.status === 404) throw new ReadError('there is no such trace; spans come half a second after their call');
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  return (await response.json()) as T;
}
