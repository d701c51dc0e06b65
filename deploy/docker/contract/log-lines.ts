/** https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity */
const severities = ['DEFAULT', 'DEBUG', 'INFO', 'NOTICE', 'WARNING', 'ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY'];

/**
 * The lines of a container's output that Cloud Logging would not take apart: each is to be one object of JSON with a severity and a message, and a time, where
 * there is one, of RFC 3339 (https://cloud.google.com/logging/docs/structured-logging#special-payload-fields).
 */
export function linesThatLoggingDoesNotUnderstand(output: string): string[] {
  return output.split('\n').filter((line) => line !== '' && !isUnderstood(line));
}

/** A line of Envoy's own log, beside its access log: text, in which a log metric looks for failures (deploy/infra/log-metrics.ts). */
export const envoyText = /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\]\[\d+\]\[(info|warning|error|critical)\]\[\w+\] /;

function isUnderstood(line: string): boolean {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return false;
  }
  if (typeof entry !== 'object' || entry === null) return false;
  const { severity, message, time } = entry as Readonly<Record<string, unknown>>;
  return (
    severities.includes(String(severity)) &&
    typeof message === 'string' &&
    (time === undefined || (typeof time === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(time)))
  );
}
