import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type DescService,
  type Message,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import {
  type CallOptions as ChannelCallOptions,
  type ClientReadableStream,
  credentials,
  Client as GrpcClient,
  Metadata,
  type MethodDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { ClientError } from './client-error.ts';
import { methodDefinition } from './definitions.ts';
import { describeMethod } from './methods.ts';
import { opened } from './open-channels.ts';
import { previewHeaders } from './preview.ts';
import { formatTraceparent } from './traceparent.ts';

/** Where a service is and how to prove who calls. */
interface ClientOptions {
  /** http(s)://host[:port]: TLS with https, plaintext HTTP/2 with http. */
  readonly url: string;
  /** Headers for every call, asked for anew each time: the ID token in X-Serverless-Authorization. */
  readonly headers?: () => Promise<Record<string, string>>;
}

/** What one call may add. */
export interface CallOptions {
  /** The default is the method's own deadline option from now. */
  readonly deadline?: Date;
  readonly signal?: AbortSignal;
  /** Added to, and stronger than, the client's own headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** One method. Both forms fail with a ClientError. */
type ClientMethod<M extends DescMethod> = M extends DescMethodUnary
  ? (request: MessageInitShape<M['input']>, options?: CallOptions) => Promise<MessageShape<M['output']>>
  : M extends DescMethodServerStreaming
    ? (request: MessageInitShape<M['input']>, options?: CallOptions) => AsyncIterable<MessageShape<M['output']>>
    : never;

/** A service's methods by their names in camel case. */
export type Client<S extends DescService> = { readonly [K in keyof S['method']]: ClientMethod<S['method'][K]> } & {
  /** Ends the connection; calls that are open fail. */
  close(): void;
};

interface RemoteMethod {
  readonly desc: DescMethod;
  readonly definition: MethodDefinition<Message, Message>;
  readonly deadlineMs: number;
}

// A restarted service is found again within two seconds, and a dead connection is noticed while calls wait on it.
const channelOptions = {
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

const tracer = trace.getTracer('kumiko');

/**
 * A client of one gRPC service. The connection is opened by the first call and kept.
 *
 *     const customers = createClient(CustomerInternalService, { url: 'http://127.0.0.1:8081', headers });
 *     await customers.applyEvent({ event });
 */
export function createClient<S extends DescService>(service: S, options: ClientOptions): Client<S> {
  const channel = connect(options.url);
  const close = opened(channel);
  const methods = service.methods.map((desc) => {
    const deadline = describeMethod(desc).policy?.deadline;
    const method = { desc, definition: methodDefinition(desc), deadlineMs: deadline === undefined ? 10_000 : durationMs(deadline) };
    const call =
      desc.methodKind === 'server_streaming'
        ? (request: MessageInitShape<DescMessage>, call: CallOptions = {}) => callStreaming(channel, method, options, request, call)
        : (request: MessageInitShape<DescMessage>, call: CallOptions = {}) => callUnary(channel, method, options, request, call);
    return [desc.localName, call];
  });
  return { ...Object.fromEntries(methods), close } as Client<S>;
}

/** A method of a client by its local name, for who knows the service by its descriptor only. @throws {TypeError} where there is none of the name. */
export function callOf(client: { close(): void }, localName: string): (request: object, options?: CallOptions) => unknown {
  const call: unknown = Reflect.get(client, localName);
  if (typeof call !== 'function') throw new TypeError(`the client has no method "${localName}"`);
  return (request, options) => call(request, options);
}

function connect(url: string): GrpcClient {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') throw new Error(`"${url}" is not an http:// or https:// URL`);
  const secure = protocol === 'https:';
  const address = `${hostname}:${port || (secure ? '443' : '80')}`;
  return new GrpcClient(address, secure ? credentials.createSsl() : credentials.createInsecure(), channelOptions);
}

async function callUnary(
  channel: GrpcClient,
  { desc, definition, deadlineMs }: RemoteMethod,
  client: ClientOptions,
  request: MessageInitShape<DescMessage>,
  call: CallOptions,
): Promise<Message> {
  const span = startSpan(desc);
  const options = channelCallOptions(call, deadlineMs);
  try {
    const metadata = await metadataOf(client, call, span);
    return await new Promise<Message>((resolve, reject) => {
      const sent = channel.makeUnaryRequest(
        definition.path,
        definition.requestSerialize,
        definition.responseDeserialize,
        create(desc.input, request),
        metadata,
        options,
        (error, response) => {
          call.signal?.removeEventListener('abort', cancel);
          if (error !== null) return reject(new ClientError(error));
          span.setAttribute('rpc.response.status_code', status[status.OK]);
          resolve(response!);
        },
      );
      const cancel = () => sent.cancel();
      call.signal?.addEventListener('abort', cancel, { once: true });
    });
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}

async function* callStreaming(
  channel: GrpcClient,
  { desc, definition, deadlineMs }: RemoteMethod,
  client: ClientOptions,
  request: MessageInitShape<DescMessage>,
  call: CallOptions,
): AsyncGenerator<Message> {
  const span = startSpan(desc);
  let stream: ClientReadableStream<Message> | undefined;
  const cancel = () => stream?.cancel();
  const options = channelCallOptions(call, deadlineMs);
  try {
    const metadata = await metadataOf(client, call, span);
    stream = channel.makeServerStreamRequest(
      definition.path,
      definition.requestSerialize,
      definition.responseDeserialize,
      create(desc.input, request),
      metadata,
      options,
    );
    call.signal?.addEventListener('abort', cancel, { once: true });
    yield* stream;
    span.setAttribute('rpc.response.status_code', status[status.OK]);
  } catch (error) {
    failSpan(span, error);
    throw isServiceError(error) ? new ClientError(error) : error;
  } finally {
    call.signal?.removeEventListener('abort', cancel);
    // Without a listener the CANCELLED that this causes would be an uncaught error.
    stream?.on('error', () => {});
    cancel();
    span.end();
  }
}

/** Made when a call begins: what it waits for its headers is part of its time. */
function channelCallOptions(call: CallOptions, deadlineMs: number): ChannelCallOptions {
  return { deadline: call.deadline ?? Date.now() + deadlineMs };
}

/** @throws what the call's signal was aborted with, before or while the client's headers were made. */
async function metadataOf(client: ClientOptions, call: CallOptions, span: Span): Promise<Metadata> {
  call.signal?.throwIfAborted();
  const own = await client.headers?.();
  call.signal?.throwIfAborted();
  const metadata = new Metadata();
  const context = span.spanContext();
  if (trace.isSpanContextValid(context)) metadata.set('traceparent', formatTraceparent(context));
  for (const [name, value] of Object.entries({ ...previewHeaders(), ...own, ...call.headers })) metadata.set(name, value);
  return metadata;
}

function startSpan(desc: DescMethod): Span {
  const method = `${desc.parent.typeName}/${desc.name}`;
  return tracer.startSpan(method, { kind: SpanKind.CLIENT, attributes: { 'rpc.system.name': 'grpc', 'rpc.method': method } });
}

function failSpan(span: Span, error: unknown): void {
  if (error instanceof ClientError || isServiceError(error)) {
    span.setAttributes({ 'rpc.response.status_code': status[error.code], 'error.type': status[error.code] });
  }
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}
