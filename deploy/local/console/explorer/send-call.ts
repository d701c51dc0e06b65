import { type DescMessage, fromBinary, type JsonValue, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';
import { Client, credentials, Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { maskedJson, maskedMessage } from '../../cloud/messages/mask-message.ts';
import type { CallEvent } from '../api.ts';
import type { AskedCall, ReadyCall } from './asked-call.ts';
import type { DescribedMethods } from './described-methods.ts';
import { restRequest } from './rest-request.ts';

/** Messages of a stream that are told; a person reads no more. */
const mostMessages = 2_000;

/** Sends a call and tells what comes back as it comes, masked like everything that is shown. Ends when the call has ended, or `signal` ends it. */
export async function* sendCall(
  asked: AskedCall,
  call: ReadyCall,
  methods: DescribedMethods,
  signal: AbortSignal,
): AsyncGenerator<CallEvent> {
  yield { kind: 'sent', trace: call.trace };
  const startedAt = performance.now();
  const events =
    asked.protocol === 'rest'
      ? byRest(call, methods, signal)
      : asked.protocol === 'grpc'
        ? byGrpc(call, methods, signal)
        : byGrpcWeb(call, methods, signal);
  let messages = 0;
  for await (const event of events) {
    if (event.kind === 'message' && ++messages > mostMessages) return;
    yield event.kind === 'end' ? { ...event, tookMs: performance.now() - startedAt } : event;
  }
}

type Ending = Extract<CallEvent, { kind: 'end' }>;

function ending(end: Omit<Ending, 'kind' | 'tookMs'>): Ending {
  return { kind: 'end', tookMs: 0, ...end };
}

/** Each event of a callback API, in order. */
async function* queued<T>(start: (push: (event: T, isLast?: boolean) => void) => void): AsyncGenerator<T> {
  const waiting: T[] = [];
  let isOver = false;
  let wake = () => {};
  start((event, isLast = false) => {
    waiting.push(event);
    isOver ||= isLast;
    wake();
  });
  for (;;) {
    const next = waiting.shift();
    if (next !== undefined) yield next;
    else if (isOver) return;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
}

async function* byGrpc(
  { method, message, url, headers }: ReadyCall,
  methods: DescribedMethods,
  signal: AbortSignal,
): AsyncGenerator<CallEvent> {
  const { input, output } = method.desc;
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const client = new Client(new URL(url).host, credentials.createInsecure());
  try {
    yield* queued<CallEvent>((push) => {
      const stream = client.makeServerStreamRequest(
        method.grpcPath,
        (asked: Uint8Array) => Buffer.from(asked),
        (bytes: Buffer) => bytes,
        toBinary(input, message),
        metadata,
      );
      signal.addEventListener('abort', () => stream.cancel());
      stream.on('metadata', (answered: Metadata) => push({ kind: 'headers', status: undefined, headers: shownHeaders(answered.toJSON()) }));
      stream.on('data', (bytes: Buffer) => push({ kind: 'message', json: maskedMessage(output, bytes, methods) }));
      // The status says it as well.
      stream.on('error', () => {});
      stream.on('status', ({ code, details, metadata: trailers }: StatusObject) => {
        const [bytes] = trailers.get('grpc-status-details-bin');
        push(
          ending({
            code: status[code]!,
            message: details,
            details: bytes === undefined ? [] : detailsOf(bytes as Buffer, methods),
            trailers: shownHeaders(trailers.toJSON()),
          }),
          true,
        );
      });
    });
  } finally {
    client.close();
  }
}

async function* byGrpcWeb(
  { method, message, url, headers }: ReadyCall,
  methods: DescribedMethods,
  signal: AbortSignal,
): AsyncGenerator<CallEvent> {
  const transport: Transport = createGrpcWebTransport({ baseUrl: url, useBinaryFormat: true });
  const { desc } = method;
  const show = (answer: unknown): CallEvent => ({
    kind: 'message',
    json: maskedMessage(desc.output, toBinary(desc.output, answer as Parameters<typeof toBinary>[1]), methods),
  });
  try {
    const answer =
      desc.methodKind === 'server_streaming'
        ? await transport.stream(desc as Parameters<Transport['stream']>[0], signal, undefined, headers, once(message))
        : await transport.unary(desc as Parameters<Transport['unary']>[0], signal, undefined, headers, message);
    yield { kind: 'headers', status: 200, headers: Object.fromEntries(answer.header) };
    if (answer.stream) for await (const one of answer.message) yield show(one);
    else yield show(answer.message);
    yield ending({ code: 'OK', message: '', details: [], trailers: Object.fromEntries(answer.trailer) });
  } catch (error) {
    const { code, rawMessage, metadata } = ConnectError.from(error);
    const bytes = metadata.get('grpc-status-details-bin');
    yield ending({
      code: upperSnake(Code[code]),
      message: rawMessage,
      details: bytes === null ? [] : detailsOf(Buffer.from(bytes, 'base64'), methods),
      trailers: Object.fromEntries(metadata),
    });
  }
}

async function* once<T>(message: T): AsyncGenerator<T> {
  yield message;
}

async function* byRest(
  { method, json, url, headers }: ReadyCall,
  methods: DescribedMethods,
  signal: AbortSignal,
): AsyncGenerator<CallEvent> {
  const request = restRequest(method.http, method.desc.input, json, methods.registry);
  let response: Response;
  try {
    response = await fetch(`${url}${request.path}`, {
      method: request.method,
      headers: { ...headers, ...(request.contentType !== undefined && { 'content-type': request.contentType }) },
      ...(request.body !== undefined && { body: request.body }),
      redirect: 'manual',
      signal,
    });
  } catch (error) {
    yield ending({ code: 'no answer', message: `${new URL(url).host} does not answer: ${reasonOf(error)}`, details: [], trailers: {} });
    return;
  }
  yield { kind: 'headers', status: response.status, headers: Object.fromEntries(response.headers) };
  const statusType = methods.registry.getMessage('google.rpc.Status')!;
  const type = response.ok ? method.desc.output : statusType;
  try {
    // A stream is a JSON array, or a line for each message.
    for await (const text of jsonTexts(response)) yield { kind: 'message', json: shownJson(type, text, methods) };
    yield ending({ code: String(response.status), message: response.statusText, details: [], trailers: {} });
  } catch (error) {
    yield ending({ code: 'broken off', message: reasonOf(error), details: [], trailers: {} });
  }
}

/** JSON documents one after the other, with whatever stands between those of a stream. */
async function* jsonTexts(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n'); end >= 0 && isJson(strip(text.slice(0, end))); end = text.indexOf('\n')) {
      yield strip(text.slice(0, end));
      text = text.slice(end + 1);
    }
  }
  const rest = text.trim();
  if (rest !== '' && rest !== ']') yield isJson(strip(rest)) ? strip(rest) : rest;
}

function strip(text: string): string {
  const trimmed = text.trim();
  return isJson(trimmed) ? trimmed : trimmed.replace(/^[[,]/, '').replace(/[,\]]$/, '');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function shownJson(type: DescMessage, text: string, methods: DescribedMethods): JsonValue {
  if (!isJson(text)) return `[${Buffer.byteLength(text)} bytes that are no JSON]`;
  if (type.typeName === 'google.api.HttpBody') return `[${Buffer.byteLength(text)} bytes]`;
  return maskedJson(type, JSON.parse(text) as JsonValue, methods);
}

function detailsOf(bytes: Buffer, methods: DescribedMethods): JsonValue[] {
  const type = methods.registry.getMessage('google.rpc.Status')!;
  try {
    fromBinary(type, bytes);
  } catch {
    return [];
  }
  const shown = maskedMessage(type, bytes, methods) as { readonly details?: JsonValue[] };
  return shown.details ?? [];
}

function shownHeaders(headers: Readonly<Record<string, readonly unknown[]>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, values]) => [
      name,
      values.map((value) => (Buffer.isBuffer(value) ? `[${value.length} bytes]` : String(value))).join(', '),
    ]),
  );
}

function upperSnake(name: string | undefined): string {
  return (name ?? 'Unknown').replace(/(?<!^)([A-Z])/g, '_$1').toUpperCase();
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
