import type { DescMethod, Message } from '@bufbuild/protobuf';
import { type Metadata, status } from '@grpc/grpc-js';
import { context, type SpanContext } from '@opentelemetry/api';
import type { Logger } from 'pino';
import { RpcError } from '../errors/rpc-error.ts';
import { traceFields } from '../telemetry/logger.ts';
import type { Call, Caller } from './call.ts';

/** What the transport hands over for one call. */
export interface IncomingCall {
  readonly metadata: Metadata;
  /** The request message as it came; undefined where the client streams them. */
  readonly body: Buffer | undefined;
  /** The request messages of a stream, each read from the connection when it is asked for. */
  readonly messages: AsyncIterable<Buffer> | undefined;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  /** Milliseconds since the epoch; Infinity where the client has set none. */
  readonly clientDeadline: number;
  /** Sends one message of a stream, before the first one the headers; resolves when there is room for the next. */
  readonly write: (message: Buffer, headers: Metadata | undefined, signal: AbortSignal) => Promise<void>;
}

/** One call on its way through the interceptors, which fill it in. What is seldom asked for is made when it is. */
export class ServerCall implements Call {
  readonly method: DescMethod;
  readonly incoming: IncomingCall;
  /** Set by the tracing interceptor. */
  spanContext: SpanContext | undefined;
  /** Set by the tracing interceptor: what the answer's headers say besides gRPC's own. */
  answerHeaders: Metadata | undefined;
  /** Set by the preview interceptor, for calls that ask for previews: which revision this is. */
  revision: string | undefined;
  /** Set by the deadline interceptor: milliseconds since the epoch. */
  deadlineAt = Number.POSITIVE_INFINITY;
  /** Set by the deadline interceptor: called when the call has to end before its handler does. */
  onEnd: ((why: RpcError) => void) | undefined;
  /** Set by the caller interceptor. */
  caller: Caller = { kind: 'public' };
  /** Set by the caller interceptor: what logs may say about who calls. */
  callerId: string | undefined;
  /** Set by the validation interceptor, for methods that take one. */
  request: Message | undefined;
  /** Set by the validation interceptor, for methods that take a stream of them. */
  requests: AsyncIterable<Message> | undefined;
  /** Why the call was ended from outside. */
  ended: RpcError | undefined;
  /** What the handler has put off to the end. */
  readonly work: (() => Promise<void>)[] = [];
  readonly #root: { readonly logger: Logger; readonly project: string };
  #abort: AbortController | undefined;
  #logger: Logger | undefined;

  constructor(method: DescMethod, incoming: IncomingCall, root: { readonly logger: Logger; readonly project: string }) {
    this.method = method;
    this.incoming = incoming;
    this.#root = root;
  }

  get metadata(): Metadata {
    return this.incoming.metadata;
  }

  get deadline(): Date {
    return new Date(this.deadlineAt);
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.ended !== undefined) this.#abort.abort(this.ended);
    }
    return this.#abort.signal;
  }

  get logger(): Logger {
    const { logger, project } = this.#root;
    this.#logger ??= logger.child({
      method: `${this.method.parent.typeName}/${this.method.name}`,
      ...traceFields(this.spanContext, project),
    });
    return this.#logger;
  }

  /** The first value of a header. */
  header(name: string): string | undefined {
    return this.incoming.metadata.get(name)[0]?.toString();
  }

  afterResponse(work: () => Promise<void>): void {
    // It belongs to the span in which it was put off.
    this.work.push(context.bind(context.active(), work));
  }

  /** Ends the call from outside: its signal aborts and it is answered with the error. Only the first reason counts. */
  end(why: RpcError): void {
    if (this.ended !== undefined) return;
    this.ended = why;
    this.#abort?.abort(why);
    this.onEnd?.(why);
  }

  /** The client has cancelled, lost its connection or run into its own deadline. */
  clientGone(): void {
    this.end(Date.now() < this.deadlineAt ? cancelled() : deadlineExceeded());
  }
}

/** DEADLINE_EXCEEDED: the call's effects may or may not have happened. */
export function deadlineExceeded(): RpcError {
  return new RpcError({ code: status.DEADLINE_EXCEEDED, reason: 'DEADLINE_EXCEEDED', message: 'the deadline has passed' });
}

function cancelled(): RpcError {
  return new RpcError({ code: status.CANCELLED, reason: 'CANCELLED', message: 'the client has gone away' });
}
