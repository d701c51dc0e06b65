import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import type { LogLine } from './api.ts';
import { gravity, readLogLine } from './log-line.ts';

/** Which lines are wanted; a line has to fit all of it. */
export interface LogQuery {
  /** Of these processes; of all where there is none. */
  readonly processes: readonly string[];
  /** At least as grave as this. */
  readonly severity: string;
  /** Of any of these traces; no matter, where there is none. */
  readonly traces: readonly string[];
  /** With this text in it. */
  readonly text: string;
}

/** Where each process writes. */
export type LogFiles = () => readonly { readonly process: string; readonly file: string }[];

/** What a search looks through of each file: its end. */
const searchedBytes = 4 << 20;
/** What is read of a file at one time while it is followed. */
const followedBytes = 4 << 20;

/** The newest lines that are wanted, in time. */
export function searchLogs(files: LogFiles, query: LogQuery, limit: number): LogLine[] {
  const lines = wantedFiles(files, query).flatMap(({ process, file }) => {
    const { text } = readFrom(file, Number.NEGATIVE_INFINITY, searchedBytes);
    return linesOf(process, text, query, limit);
  });
  return lines.toSorted((a, b) => a.timeMs - b.timeMs).slice(-limit);
}

/** Follows what is written from now on. Each call returns the lines since the last one, and how many more there were than `most`. */
export function followLogs(files: LogFiles, query: LogQuery, most: number): () => { lines: LogLine[]; omitted: number } {
  const places = new Map<string, { at: number; begun: string }>();
  for (const { file } of wantedFiles(files, query)) places.set(file, { at: sizeOf(file), begun: '' });
  return () => {
    const lines: LogLine[] = [];
    for (const { process, file } of wantedFiles(files, query)) {
      const place = places.get(file) ?? { at: 0, begun: '' };
      // A file that was made anew is read from its beginning.
      const { text, at } = readFrom(file, sizeOf(file) < place.at ? 0 : place.at, followedBytes);
      const whole = place.begun + text;
      const end = whole.lastIndexOf('\n') + 1;
      places.set(file, { at, begun: whole.slice(end) });
      if (end > 0) lines.push(...linesOf(process, whole.slice(0, end), query, most + 1));
    }
    const inTime = lines.toSorted((a, b) => a.timeMs - b.timeMs);
    return { lines: inTime.slice(-most), omitted: Math.max(0, inTime.length - most) };
  };
}

function wantedFiles(files: LogFiles, { processes }: LogQuery) {
  return files().filter(({ process }) => processes.length === 0 || processes.includes(process));
}

/** The last lines of a text that are wanted. */
function linesOf(process: string, text: string, { severity, traces, text: wanted }: LogQuery, limit: number): LogLine[] {
  const lines: LogLine[] = [];
  const least = severity === '' ? Number.NEGATIVE_INFINITY : gravity(severity);
  const word = wanted.toLowerCase();
  let lastMs = 0;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    // Most lines are let go by their text, before they are read.
    if (word !== '' && !line.toLowerCase().includes(word)) continue;
    if (traces.length > 0 && !traces.some((trace) => line.includes(trace))) continue;
    const read = readLogLine(process, line, lastMs);
    lastMs = read.timeMs;
    if (gravity(read.severity) < least) continue;
    lines.push(read);
    if (lines.length > limit * 2) lines.splice(0, limit);
  }
  return lines.slice(-limit);
}

function sizeOf(file: string): number {
  if (!existsSync(file)) return 0;
  const descriptor = openSync(file, 'r');
  try {
    return fstatSync(descriptor).size;
  } finally {
    closeSync(descriptor);
  }
}

/** What a file has from a place on, or the end of it where that is more than `most` bytes. Returns where it ends. */
function readFrom(file: string, from: number, most: number): { text: string; at: number } {
  if (!existsSync(file)) return { text: '', at: 0 };
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const start = Math.max(from, size - most, 0);
    if (start >= size) return { text: '', at: size };
    const buffer = Buffer.alloc(size - start);
    const read = readSync(descriptor, buffer, 0, buffer.length, start);
    const text = buffer.toString('utf8', 0, read);
    // What was cut at its beginning is no line.
    const isCut = start > 0 && start !== from;
    return { text: isCut ? text.slice(text.indexOf('\n') + 1) : text, at: start + read };
  } finally {
    closeSync(descriptor);
  }
}
