import { setTimeout as delay } from 'node:timers/promises';
import type { RunningEnvoy } from '../envoy/start-envoy.ts';
import type { ExpectedLog } from './conformance-case.ts';

// Milliseconds. Lines are flushed every second; the rest is for a machine that is busy.
const flushLimit = 30_000;

/** A JSON Web Token. */
const token = /\bey[\w-]+\.ey[\w-]+\.[\w-]+/;

type Line = Readonly<Record<string, unknown>>;

/** What is wrong with a request's line in the access log, which is found by the user agent: also where it is not there in time. */
export async function compareLog(envoy: RunningEnvoy, userAgent: string, expected: ExpectedLog): Promise<string[]> {
  const deadline = Date.now() + flushLimit;
  for (;;) {
    const lines = linesOf(envoy.accessLog(), userAgent);
    if (lines.length > 1) return [`the access log has ${lines.length} lines of it`];
    if (lines[0] !== undefined) {
      const told = token.test(JSON.stringify(lines[0])) ? ['the access log tells a token'] : [];
      return [...told, ...compareFields('', lines[0], expected)];
    }
    if (Date.now() > deadline) return [`the access log has no line of it after ${flushLimit} ms`];
    await delay(20);
  }
}

function linesOf(log: string, userAgent: string): Line[] {
  return log
    .split('\n')
    .filter((line) => line.includes(JSON.stringify(userAgent)))
    .map((line) => JSON.parse(line) as Line);
}

function compareFields(path: string, line: Line, expected: ExpectedLog): string[] {
  return Object.entries(expected).flatMap(([name, wanted]) => {
    const value = line[name];
    if (typeof wanted === 'object' && wanted !== null && !(wanted instanceof RegExp))
      return compareFields(`${path}${name}.`, (value ?? {}) as Line, wanted);
    const fits =
      wanted === null ? value === undefined || value === null : wanted instanceof RegExp ? wanted.test(String(value)) : value === wanted;
    return fits
      ? []
      : [`access log ${path}${name}: ${JSON.stringify(value)}, not ${wanted instanceof RegExp ? wanted : JSON.stringify(wanted)}`];
  });
}
