import { type EventEmitter, once } from 'node:events';
import type { DescMethod } from '@bufbuild/protobuf';
import {
  Metadata,
  type MethodDefinition,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { unavailable } from '../errors/rpc-error.ts';
import { OpenCalls } from './open-calls.ts';
import type { Outcome, Run } from './served-method.ts';
import { type IncomingCall, ServerCall } from './server-call.ts';

/** One method and the way of its calls. */
export interface Route {
  readonly desc: DescMethod;
  readonly run: Run;
}

/** What every call works with. */
interface DispatcherOptions {
  readonly logger: Logger;
  readonly project: string;
  /** Called when a call comes before the routes are known. */
  readonly onEarlyCall: () => void;
}

/** What grpc-js has for a call that is answered by one message, and for one that is answered by a stream. */
type AnsweredOnce = ServerUnaryCall<Buffer, Buffer> | ServerReadableStream<Buffer, Buffer>;
type AnsweredByStream = ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;
type Stream = AnsweredOnce | AnsweredByStream;
type Answer = (outcome: Outcome, headers: Metadata | undefined) => void;

const internalError: Outcome = { code: status.INTERNAL, message: 'internal error' };

/** Between grpc-js and the interceptors: knows the calls that are open. Calls that come before the routes are known wait for them. */
export class Dispatcher {
  readonly #root: DispatcherOptions;
  readonly #open = new OpenCalls();
  readonly #ready = Promise.withResolvers<ReadonlyMap<string, Route>>();
  #routes: ReadonlyMap<string, Route> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(root: DispatcherOptions) {
    this.#root = root;
  }

  /** Lets calls go to their handlers, by gRPC path. */
  serve(routes: ReadonlyMap<string, Route>): void {
    this.#routes = routes;
    this.#ready.resolve(routes);
  }

  /** What grpc-js calls for each method of a service. Messages stay bytes: the interceptors read them only once the caller is let in. */
  implementation(definition: ServiceDefinition): UntypedServiceImplementation {
    const methods = Object.entries(definition).map(([name, method]) => [
      name,
      method.responseStream ? this.#streaming(method) : this.#answering(method),
    ]);
    return Object.fromEntries(methods);
  }

  /** Ends the open streams with UNAVAILABLE, and after `graceMs` the other calls too. */
  async drain(graceMs: number): Promise<void> {
    for (const call of this.#open) if (call.method.methodKind !== 'unary') call.end(shuttingDown());
    if (this.#open.size === 0) return;
    const { promise: idle, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    const timer = setTimeout(() => {
      for (const call of this.#open) call.end(shuttingDown());
    }, graceMs);
    await idle;
    clearTimeout(timer);
  }

  #answering({ path }: MethodDefinition<Buffer, Buffer>): (stream: AnsweredOnce, callback: sendUnaryData<Buffer>) => void {
    return (stream, callback) =>
      this.#dispatch(path, stream, incomingCall(stream, writeNothing), ({ code, message, trailers, response }, headers) => {
        if (code === status.OK) {
          if (headers !== undefined) stream.sendMetadata(headers);
          callback(null, response, ofSuccess(trailers));
        } else callback({ code, details: message, ...metadataOf(headers, trailers) });
      });
  }

  #streaming({ path }: MethodDefinition<Buffer, Buffer>): (stream: AnsweredByStream) => void {
    return (stream) => {
      let begun = false;
      const write: IncomingCall['write'] = async (message, headers, signal) => {
        if (!begun && headers !== undefined) stream.sendMetadata(headers);
        begun = true;
        if (!stream.write(message)) await once(stream, 'drain', { signal });
      };
      this.#dispatch(path, stream, incomingCall(stream, write), ({ code, message, trailers }, headers) => {
        if (code === status.OK) {
          if (!begun && headers !== undefined) stream.sendMetadata(headers);
          stream.end(ofSuccess(trailers));
        } else stream.emit('error', { code, details: message, ...metadataOf(begun ? undefined : headers, trailers) });
      });
    };
  }

  #dispatch(path: string, stream: Stream, incoming: IncomingCall, answer: Answer): void {
    const route = this.#routes?.get(path);
    if (route !== undefined) {
      this.#start(route, stream, incoming, answer);
      return;
    }
    this.#root.onEarlyCall();
    void this.#ready.promise.then((routes) => {
      const route = routes.get(path);
      // A client that went away meanwhile needs no answer.
      if (stream.cancelled) return;
      if (route === undefined) answer(internalError, undefined);
      else this.#start(route, stream, incoming, answer);
    });
  }

  #start({ desc, run }: Route, stream: Stream, incoming: IncomingCall, answer: Answer): void {
    const call = new ServerCall(desc, incoming, this.#root);
    const place = this.#open.add(call);
    const held: Held = { call };
    onCancelled(stream, held);
    const finish = (outcome: Outcome) => {
      this.#open.delete(place);
      held.call = undefined;
      answer(outcome, call.answerHeaders);
      if (this.#open.size === 0) this.#onIdle?.();
    };
    run(call).then(finish, (err) => {
      call.logger.error({ err }, 'an interceptor failed');
      finish(internalError);
    });
  }
}

/** A call until it is answered. */
interface Held {
  call: ServerCall | undefined;
}

/**
 * Its own function, so that the listener holds nothing but this: an HTTP/2 stream, with all that can be reached from it, outlives its call until the old objects
 * are collected. And grpc-js emits 'cancelled' after every call, which says nothing about one that has been answered.
 */
function onCancelled(stream: EventEmitter, held: Held): void {
  stream.on('cancelled', () => held.call?.clientGone());
}

function incomingCall(stream: Stream, write: IncomingCall['write']): IncomingCall {
  return {
    metadata: stream.metadata,
    body: 'request' in stream ? stream.request : undefined,
    // The end of the requests is not the end of the call.
    messages: 'request' in stream ? undefined : stream.iterator({ destroyOnReturn: false }),
    receivedAt: Date.now(),
    clientDeadline: Number(stream.getDeadline()),
    write,
  };
}

const noMessage = { 'grpc-message': '' };

/**
 * grpc-js writes "OK" as the message of each success; the protocol has messages for errors only. It also copies and converts what it sends, each time: this is
 * the same for every call.
 */
class WithoutMessage extends Metadata {
  override clone(): Metadata {
    return this;
  }

  override toHttp2Headers(): ReturnType<Metadata['toHttp2Headers']> {
    return noMessage;
  }
}

const withoutMessage = new WithoutMessage();
withoutMessage.set('grpc-message', '');

function ofSuccess(trailers: Metadata | undefined): Metadata {
  trailers?.merge(withoutMessage);
  return trailers ?? withoutMessage;
}

/** What goes with an error. Without a message before it gRPC has one block of headers for all of it ("Trailers-Only"). */
function metadataOf(headers: Metadata | undefined, trailers: Metadata | undefined): { metadata?: Metadata } {
  if (trailers === undefined) return headers === undefined ? {} : { metadata: headers };
  if (headers !== undefined) trailers.merge(headers);
  return { metadata: trailers };
}

async function writeNothing(): Promise<void> {}

function shuttingDown() {
  return unavailable('the server is shutting down');
}
