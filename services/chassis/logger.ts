import type { SpanContext } from '@opentelemetry/api';
import { type DestinationStream, type Logger, pino } from 'pino';

/** https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity */
const severities: Readonly<Record<string, string>> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
};

/** What a logger is made of. */
export interface LoggerOptions {
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

/** The fields by which Cloud Logging joins a line with its trace; none where the call has no trace. */
export function traceFields(context: SpanContext | undefined, project: string): Record<string, unknown> {
  if (context === undefined) return {};
  return {
    'logging.googleapis.com/trace': `projects/${project}/traces/${context.traceId}`,
    'logging.googleapis.com/spanId': context.spanId,
    'logging.googleapis.com/trace_sampled': (context.traceFlags & 1) === 1,
  };
}

/** As pino's own, but a busy server writes many lines in the same millisecond. */
function isoTime(): () => string {
  let at = 0;
  let field = '';
  return () => {
    const now = Date.now();
    if (now !== at) {
      at = now;
      field = `,"time":"${new Date(now).toISOString()}"`;
    }
    return field;
  };
}
