/** `node deploy/local/cloud/spanner/main.ts --port N --data-dir DIR [--abort-probability P] [--abort-seed 1] [--at MS]`: the local Spanner as a process. */

import { enableCompileCache } from 'node:module';
import { parseArgs } from 'node:util';
import { errorText } from '../../../../services/platform/contracts/error-text.ts';

// Before the modules that it is for: they are a megabyte of JavaScript, and half of the start without it.
enableCompileCache();
const { startSpanner } = await import('./start-spanner.ts');
const { answerAbortMessage } = await import('./abort-message.ts');
const { usualAbortProbability } = await import('./transactions/abort-plan.ts');
const { businessNow } = await import('../../../../services/platform/chassis/process/business-time.ts');

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    'data-dir': { type: 'string' },
    'abort-probability': { type: 'string', default: String(usualAbortProbability) },
    'abort-seed': { type: 'string', default: '1' },
    at: { type: 'string' },
  },
});

try {
  if (values['data-dir'] === undefined) throw new Error('--data-dir is missing: the directory that holds the data');
  const server = await startSpanner({
    port: numberOf('port', values.port, 0, 65535),
    dataDir: values['data-dir'],
    // How long a transaction may idle is nobody's business time: no leap ends one.
    timestampNow: values.at === undefined ? () => businessNow().getTime() : always(numberOf('at', values.at, 0, 8.64e15)),
    abortProbability: numberOf('abort-probability', values['abort-probability'], 0, 1),
    abortSeed: numberOf('abort-seed', values['abort-seed'], 0, 2 ** 32),
  });
  process.on('message', (message) => answerAbortMessage(server.abortPlan, message, (answer) => process.send?.(answer)));
  process.channel?.unref();
  const stop = () => {
    void server.close().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.stdout.write(`${JSON.stringify({ message: 'listening', port: server.port })}\n`);
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`);
  process.exit(1);
}

function always(time: number): () => number {
  return () => time;
}

function numberOf(option: string, value: string | undefined, least: number, most: number): number {
  const number = Number(value);
  if (value === undefined || value === '' || !(number >= least && number <= most)) {
    throw new Error(`--${option} is ${value === undefined ? 'missing' : `"${value}"`}: a number from ${least} to ${most}`);
  }
  return number;
}
