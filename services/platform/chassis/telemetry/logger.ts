import type { SpanContext } from '@opentelemetry/api';
import { type DestinationStream, type Logger, pino } from 'pino';

/** https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity */
export const severities: Readonly<Record<string, string>> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
};

/** What a logger is made of. */
interface LoggerOptions {
  /** The service's name, in every line. */
  readonly service: string;
  readonly level: string;
  readonly destination: DestinationStream;
}

/** A logger in the JSON shape of Cloud Logging (https://cloud.google.com/logging/docs/structured-logging). */
export function createLogger({ service, level, destination }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: { service },
      messageKey: 'message',
      timestamp: isoTime(),
      formatters: { level: (label) => ({ severity: severities[label] ?? 'DEFAULT' }) },
    },
    destination,
  );
}

const traceField = 'logging.googleapis.com/trace';
const spanIdField = 'logging.googleapis.com/spanId';
const sampledField = 'logging.googleapis.com/trace_sampled';

/** The fields by which Cloud Logging joins a line with its trace; none where the call has no trace. */
export function traceFields(context: SpanContext | undefined, project: string): Record<string, unknown> {
  if (context === undefined) return {};
  return {
    [traceField]: `projects/${project}/traces/${context.traceId}`,
    [spanIdField]: context.spanId,
    [sampledField]: (context.traceFlags & 1) === 1,
  };
}

/** The same fields as JSON, to go behind others. Ids are hexadecimal: nothing in them needs an escape. */
export function traceJson(project: string): (context: SpanContext | undefined) => string {
  const start = `,"${traceField}":${JSON.stringify(`projects/${project}/traces/`).slice(0, -1)}`;
  return (context) =>
    context === undefined
      ? ''
      : `${start}${context.traceId}","${spanIdField}":"${context.spanId}","${sampledField}":${(context.traceFlags & 1) === 1}`;
}

/** The field of the time, as pino's own. The calendar is asked once a second: a busy server writes thousands of lines in one. */
export function isoTime(): () => string {
  let second = Number.NaN;
  let start = '';
  return () => {
    const now = Date.now();
    const millisecond = now % 1_000;
    if (now - millisecond !== second) {
      second = now - millisecond;
      start = `,"time":"${new Date(second).toISOString().slice(0, -'000Z'.length)}`;
    }
    return `${start}${String(millisecond).padStart(3, '0')}Z"`;
  };
}
