import type { LogLine } from './api.ts';

const severities = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;

/** How grave a line is, as a number; unknown words are information. */
export function gravity(severity: string): number {
  return Math.max(severities.indexOf(severity as (typeof severities)[number]), severity === 'DEFAULT' ? 1 : -1);
}

const envoySeverities: Readonly<Record<string, string>> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warning: 'WARNING',
  error: 'ERROR',
  critical: 'CRITICAL',
};

/** More of a line is not shown: what a line of a megabyte says stands at its beginning. */
const shownLength = 4_000;

/** A line that a process has written: JSON of a service, Envoy's own form, or any other text, which has the time of the line before it. */
export function readLogLine(process: string, text: string, lastMs: number): LogLine {
  const cut = text.length > shownLength ? text.length - shownLength : 0;
  const fields = cut === 0 || text.length < 1_000_000 ? jsonFields(text) : undefined;
  if (fields !== undefined) return ofJson(process, fields, lastMs);
  // https://www.envoyproxy.io/docs/envoy/latest/operations/cli#cmdoption-log-format: the machine's time.
  const [, time, severity, rest] =
    /^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+)\]\[\d+\]\[(\w+)\](.*)$/s.exec(text.slice(0, shownLength)) ?? [];
  const message = rest ?? text.slice(0, shownLength);
  return {
    process,
    timeMs: time === undefined ? lastMs : new Date(time).getTime(),
    severity: envoySeverities[severity ?? ''] ?? 'DEFAULT',
    message: cut === 0 ? message : `${message}… (${cut} more characters)`,
    trace: '',
    fields: {},
  };
}

function ofJson(process: string, fields: Readonly<Record<string, unknown>>, lastMs: number): LogLine {
  const { severity = 'INFO', time, start_time: startTime, message = '', 'logging.googleapis.com/trace': trace = '', ...rest } = fields;
  const timeMs = Date.parse(String(time ?? startTime));
  const shown = Object.fromEntries(
    Object.entries(rest)
      .filter(([name]) => !/^logging\.googleapis\.com\/|^service$/.test(name))
      .map(([name, value]) => [name, typeof value === 'string' && value.length > shownLength ? `${value.slice(0, shownLength)}…` : value]),
  );
  const text = String(message);
  return {
    process,
    timeMs: Number.isNaN(timeMs) ? lastMs : timeMs,
    severity: String(severity),
    message: text.length > shownLength ? `${text.slice(0, shownLength)}… (${text.length - shownLength} more characters)` : text,
    trace: String(trace).replace(/^.*\//, ''),
    fields: shown,
  };
}

function jsonFields(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
