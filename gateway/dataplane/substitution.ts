import { hostname } from 'node:os';
import { ConfigError } from './config/read-config.ts';
import type { HttpStream } from './http-stream.ts';

/** Renders one value of a stream; undefined where there is none ("-" in text). */
export type Format = (stream: HttpStream) => string | undefined;
type Value = (stream: HttpStream) => unknown;

const grpcNames = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

/** Envoy's command operators without arguments. */
const commands: Readonly<Record<string, Value>> = {
  START_TIME: (s) => isoTime(s.startTime),
  PROTOCOL: (s) => s.downstream.protocol,
  RESPONSE_CODE: (s) => Number(s.response?.get(':status') ?? 0),
  RESPONSE_CODE_DETAILS: (s) => s.details || undefined,
  RESPONSE_FLAGS: (s) => s.flags,
  RESPONSE_FLAGS_LONG: (s) => s.flags,
  DURATION: (s) => Math.round(s.manager.now() - s.startTime),
  BYTES_RECEIVED: (s) => s.bytesReceived,
  BYTES_SENT: (s) => s.bytesSent,
  UPSTREAM_CLUSTER: (s) => s.upstreamCluster,
  UPSTREAM_HOST: (s) => s.upstreamHost,
  ROUTE_NAME: (s) => s.route?.name || undefined,
  VIRTUAL_HOST_NAME: (s) => s.route?.virtualHost,
  DOWNSTREAM_REMOTE_ADDRESS: (s) =>
    s.clientAddress === s.downstream.remoteAddress ? `${s.clientAddress}:${s.downstream.remotePort}` : `${s.clientAddress}:0`,
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (s) => s.clientAddress,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: (s) => `${s.downstream.remoteAddress}:${s.downstream.remotePort}`,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: (s) => s.downstream.remoteAddress,
  DOWNSTREAM_LOCAL_ADDRESS: (s) => `${s.downstream.localAddress}:${s.downstream.localPort}`,
  DOWNSTREAM_LOCAL_PORT: (s) => s.downstream.localPort,
  GRPC_STATUS: (s) => (s.grpcStatus === undefined ? undefined : (grpcNames[s.grpcStatus] ?? s.grpcStatus)),
  GRPC_STATUS_NUMBER: (s) => s.grpcStatus,
  STREAM_ID: (s) => s.requestId,
  HOSTNAME: () => hostname(),
  LOCAL_REPLY_BODY: (s) => s.localReplyBody,
  // Where nothing is traced Envoy knows none; the client's is more use than that.
  TRACE_ID: (s) => s.trace?.traceId ?? s.request.get('traceparent')?.split('-')[1],
};

let isoTimeAt = Number.NaN;
let isoTimeText = '';

// Many requests of a busy gateway start in the same millisecond.
function isoTime(milliseconds: number): string {
  if (milliseconds !== isoTimeAt) {
    isoTimeAt = milliseconds;
    isoTimeText = new Date(milliseconds).toISOString();
  }
  return isoTimeText;
}

/** Compiles a text with %COMMANDS%. @throws ConfigError for a command that is not supported. */
export function compileFormat(text: string): Format {
  const parts = split(text);
  if (parts.length === 0) return () => '';
  if (parts.length === 1 && typeof parts[0] === 'string') return () => parts[0] as string;
  if (parts.length === 1) {
    const value = parts[0] as Value;
    return (stream) => textOf(value(stream));
  }
  return (stream) => {
    let out = '';
    for (const part of parts) out += typeof part === 'string' ? part : (textOf(part(stream)) ?? '-');
    return out;
  };
}

/** Compiles a json_format into a text of JSON. A string that is one command keeps the type of its value. */
export function compileJsonFormat(format: unknown, omitEmpty: boolean): (stream: HttpStream) => string {
  const render = compileJson(format, omitEmpty);
  return (stream) => render(stream) ?? 'null';
}

// The names and the punctuation of a line are the same for every stream: only values are rendered.
function compileJson(format: unknown, omitEmpty: boolean): Format {
  if (typeof format === 'string') {
    const parts = split(format);
    if (parts.length === 1 && typeof parts[0] === 'function') return jsonOf(parts[0]);
    return parts.every((part) => typeof part === 'string') ? constant(parts.join('')) : jsonOf(compileFormat(format));
  }
  if (Array.isArray(format)) {
    const items = format.map((item) => compileJson(item, omitEmpty));
    return (stream) => `[${items.map((item) => item(stream) ?? 'null').join(',')}]`;
  }
  if (typeof format === 'object' && format !== null) return compileObject(format, omitEmpty);
  return constant(format);
}

function compileObject(format: object, omitEmpty: boolean): Format {
  const fields = Object.entries(format).map(([key, value]) => [`${JSON.stringify(key)}:`, compileJson(value, omitEmpty)] as const);
  return (stream) => {
    let out = '';
    for (const [name, value] of fields) {
      const rendered = value(stream) ?? (omitEmpty ? undefined : 'null');
      if (rendered !== undefined) out += out === '' ? name + rendered : `,${name}${rendered}`;
    }
    return `{${out}}`;
  };
}

function constant(value: unknown): Format {
  const text = value === null ? undefined : JSON.stringify(value);
  return () => text;
}

function jsonOf(value: Value): Format {
  return (stream) => {
    const rendered = value(stream);
    if (typeof rendered === 'number') return String(rendered);
    return rendered === undefined || rendered === null ? undefined : JSON.stringify(rendered);
  };
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function split(text: string): (string | Value)[] {
  const parts: (string | Value)[] = [];
  let last = 0;
  for (const match of text.matchAll(/%%|%([A-Z_0-9]+)(?:\(([^)]*)\))?(?::(\d+))?%/g)) {
    if (match.index > last) parts.push(text.slice(last, match.index));
    parts.push(match[0] === '%%' ? '%' : command(match[1]!, match[2], match[3]));
    last = match.index + match[0].length;
  }
  if (last < text.length) parts.push(text.slice(last));
  return parts;
}

function command(name: string, argument: string | undefined, limit: string | undefined): Value {
  const value = commandValue(name, argument);
  if (limit === undefined) return value;
  const length = Number(limit);
  return (stream) => textOf(value(stream))?.slice(0, length);
}

function commandValue(name: string, argument: string | undefined): Value {
  if (argument === undefined || name === 'START_TIME' || name === 'GRPC_STATUS') {
    const value = commands[name];
    if (value !== undefined) return value;
  } else {
    const [first = '', second] = argument.toLowerCase().split('?');
    const header = (name: string | undefined, read: (stream: HttpStream, name: string) => string | undefined) => (stream: HttpStream) =>
      read(stream, first) ?? (name === undefined ? undefined : read(stream, name));
    if (name === 'REQ') return header(second, (stream, key) => stream.request.getAll(key));
    if (name === 'RESP') return header(second, (stream, key) => stream.response?.getAll(key));
    if (name === 'TRAILER') return header(second, (stream, key) => stream.responseTrailers?.getAll(key));
    if (name === 'DYNAMIC_METADATA') return path(argument, (stream) => stream.metadata);
    if (name === 'METADATA' && argument.startsWith('ROUTE:')) return path(argument.slice(6), (stream) => stream.route?.metadata);
    if (name === 'ENVIRONMENT') return () => process.env[argument];
  }
  throw new ConfigError(`format command %${name}%: not supported by the embedded data plane`);
}

function path(argument: string, root: (stream: HttpStream) => unknown): Value {
  const keys = argument.split(':');
  return (stream) => keys.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], root(stream));
}
