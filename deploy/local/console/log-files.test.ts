import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { followLogs, type LogQuery, searchLogs } from './log-files.ts';

let folder: string;
const file = (process: string) => join(folder, `${process}.log`);
const files = () => ['notes', 'edge', 'gone'].map((process) => ({ process, file: file(process) }));
const everything: LogQuery = { processes: [], severity: '', traces: [], text: '' };
const trace = 'a'.repeat(32);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kumiko-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function line(second: number, message: string, more: object = {}): string {
  return `${JSON.stringify({ severity: 'INFO', time: `2026-01-01T00:00:0${second}.000Z`, message, ...more })}\n`;
}

const messages = (lines: readonly { message: string }[]) => lines.map(({ message }) => message);

describe('the logs of all processes', () => {
  beforeEach(() => {
    writeFileSync(
      file('notes'),
      line(1, 'one') + line(3, 'three', { severity: 'ERROR', 'logging.googleapis.com/trace': `projects/p/traces/${trace}` }),
    );
    writeFileSync(
      file('edge'),
      `${line(2, 'two', { order: 'orders/17' })}[2026-01-01 00:00:04.500][17][warning][main] [source/a.cc:1] four\n    at a stack\n`,
    );
  });

  it('are one stream in time, whichever form their lines have', () => {
    const lines = searchLogs(files, everything, 10);
    expect(lines.map(({ process, severity }) => `${process} ${severity}`)).toEqual(
      expect.arrayContaining(['notes INFO', 'notes ERROR', 'edge INFO', 'edge WARNING', 'edge DEFAULT']),
    );
    expect(messages(lines.filter(({ process }) => process === 'notes'))).toEqual(['one', 'three']);
    expect(lines.at(-1)?.message).toBe('    at a stack');
  });

  it.each([
    [{ processes: ['edge'], text: 'orders/17' }, ['two']],
    [{ severity: 'ERROR' }, ['three']],
    [{ traces: [trace] }, ['three']],
    [{ text: 'ORDERS/17' }, ['two']],
    [{ text: 'nothing' }, []],
    [{ processes: ['gone'] }, []],
  ])('are searched by %j', (query, expected) => {
    expect(messages(searchLogs(files, { ...everything, ...query }, 10))).toEqual(expected);
  });

  it('are cut to the newest lines', () => {
    expect(searchLogs(files, everything, 2)).toHaveLength(2);
  });

  it('are followed: whole lines, each once, also over pieces and a file that is made anew', () => {
    const next = followLogs(files, everything, 10);
    expect(next().lines).toEqual([]);
    const whole = line(5, 'five');
    appendFileSync(file('notes'), whole.slice(0, 20));
    expect(next().lines).toEqual([]);
    appendFileSync(file('notes'), whole.slice(20));
    writeFileSync(file('gone'), line(6, 'six'));
    expect(messages(next().lines)).toEqual(['five', 'six']);
    writeFileSync(file('notes'), line(7, 'seven'));
    expect(messages(next().lines)).toEqual(['seven']);
    expect(next().lines).toEqual([]);
  });

  it('say how many lines were too many', () => {
    const next = followLogs(files, everything, 3);
    appendFileSync(file('notes'), Array.from({ length: 9 }, (_, index) => line(index, String(index))).join(''));
    const { lines, omitted } = next();
    expect([messages(lines), omitted > 0]).toEqual([['6', '7', '8'], true]);
  });
});

it.each([
  'x'.repeat(1 << 20),
  JSON.stringify({ severity: 'ERROR', time: '2026-01-01T00:00:00Z', message: 'x'.repeat(1 << 20), body: 'y'.repeat(9_000) }),
])('of a line of a megabyte the beginning is shown, and how much there is more (%#)', (long) => {
  writeFileSync(file('notes'), `${long}\n${line(1, 'after')}`);
  const lines = searchLogs(files, everything, 10);
  expect(messages(lines)).toContain('after');
  expect(JSON.stringify(lines).length).toBeLessThan(20_000);
  expect(lines.some(({ message }) => /^[x{].*more characters\)$/s.test(message))).toBe(true);
});
