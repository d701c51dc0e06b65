import { type AccessLogConfig, type AccessLogFilterConfig, type FormatConfig, streamAccessLog } from './config/listener-config.ts';
import { ConfigError, unpackAny } from './config/read-config.ts';
import type { HttpStream } from './http-stream.ts';
import { compileHeaderMatcher } from './matchers.ts';
import { compileFormat, compileJsonFormat } from './substitution.ts';

/** Writes lines of the access log. */
export type LogSink = (line: string) => void;
/** Judges a finished stream, or a local reply before it is sent. */
export type StreamFilter = (stream: HttpStream, status: number) => boolean;

const streams = {
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog': 'stdout',
  'envoy.extensions.access_loggers.stream.v3.StderrAccessLog': 'stderr',
} as const;

/** Compiles the access logs of a connection manager. */
export function compileAccessLogs(
  configs: readonly AccessLogConfig[],
  sinks: Record<'stdout' | 'stderr', LogSink>,
  path: string,
): (stream: HttpStream) => void {
  const logs = configs.map((config, index) => {
    const at = `${path}[${index}]`;
    const type = Object.keys(streams).find((name) => config.typed_config['@type'].endsWith(name)) as keyof typeof streams | undefined;
    if (type === undefined) throw new ConfigError(`${at}.typed_config.@type: ${config.typed_config['@type']} is not supported here`);
    const { log_format: format } = unpackAny(type, streamAccessLog, config.typed_config, `${at}.typed_config`);
    const render = compileSubstitution(format);
    const filter = config.filter === undefined ? () => true : compileStreamFilter(config.filter);
    return { render, filter, write: sinks[streams[type]] };
  });
  return (stream) => {
    for (const log of logs) {
      if (log.filter(stream, Number(stream.response?.get(':status') ?? 0))) log.write(log.render(stream));
    }
  };
}

/** Compiles envoy.config.core.v3.SubstitutionFormatString; JSON lines end with a newline, as in Envoy. */
export function compileSubstitution(format: FormatConfig): (stream: HttpStream) => string {
  if (format.json_format !== undefined) {
    const render = compileJsonFormat(format.json_format, format.omit_empty_values);
    return (stream) => `${render(stream)}\n`;
  }
  const render = compileFormat(format.text_format_source?.toString() ?? '');
  return (stream) => render(stream) ?? (format.omit_empty_values ? '' : '-');
}

/** Compiles envoy.config.accesslog.v3.AccessLogFilter. */
export function compileStreamFilter(config: AccessLogFilterConfig): StreamFilter {
  if ('status_code_filter' in config) {
    const { op, value } = config.status_code_filter.comparison;
    const bound = value.default_value;
    if (op === 'EQ') return (_, status) => status === bound;
    if (op === 'NE') return (_, status) => status !== bound;
    return op === 'GE' ? (_, status) => status >= bound : (_, status) => status <= bound;
  }
  if ('header_filter' in config) {
    const matches = compileHeaderMatcher(config.header_filter.header);
    return (stream) => matches(stream.request);
  }
  if ('and_filter' in config) {
    const all = config.and_filter.filters.map(compileStreamFilter);
    return (stream, status) => all.every((one) => one(stream, status));
  }
  if ('or_filter' in config) {
    const any = config.or_filter.filters.map(compileStreamFilter);
    return (stream, status) => any.some((one) => one(stream, status));
  }
  return (stream) => !stream.healthCheck;
}
