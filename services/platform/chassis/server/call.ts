import type {
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import type { Metadata } from '@grpc/grpc-js';
import type { Logger } from 'pino';

/** Who calls, as proved by the platform's check and by the end user's own token. */
export type Caller =
  | { readonly kind: 'public' }
  | { readonly kind: 'customer'; readonly id: string }
  | { readonly kind: 'partner'; readonly id: string }
  | { readonly kind: 'operator'; readonly email: string }
  | { readonly kind: 'trigger'; readonly email: string }
  | { readonly kind: 'service'; readonly name: string };

/** The kinds of callers, without what proves them. */
export type CallerKind = Caller['kind'];

/** What a handler is told about a call beside its request. `C` narrows the caller to the kind that the method's access option lets through. */
export interface Call<C extends Caller = Caller> {
  readonly caller: C;
  readonly method: DescMethod;
  /** The earlier of the client's deadline and the method's own. */
  readonly deadline: Date;
  /** Aborted when the client goes away, the deadline passes or the server drains. */
  readonly signal: AbortSignal;
  /** Carries trace fields and the method's name. */
  readonly logger: Logger;
  /** The request's metadata, for the few handlers that need a header of their own (webhook signatures). */
  readonly metadata: Metadata;
  /** Work to do after the transaction and before the response ends (publishing the outbox): awaited, its failure logged, never the caller's. */
  afterResponse(work: () => Promise<void>): void;
}

/** The handler of one method. Of a stream of requests each is read when it is asked for, and held against its rules then: the first bad one ends the call. */
type Handler<M extends DescMethod> = M extends DescMethodUnary
  ? (request: MessageShape<M['input']>, call: Call) => Promise<MessageInitShape<M['output']>>
  : M extends DescMethodServerStreaming
    ? (request: MessageShape<M['input']>, call: Call) => AsyncIterable<MessageInitShape<M['output']>>
    : M extends DescMethodClientStreaming
      ? (requests: AsyncIterable<MessageShape<M['input']>>, call: Call) => Promise<MessageInitShape<M['output']>>
      : M extends DescMethodBiDiStreaming
        ? (requests: AsyncIterable<MessageShape<M['input']>>, call: Call) => AsyncIterable<MessageInitShape<M['output']>>
        : never;

/** The handlers of a whole service, by the methods' names in camel case. */
export type Handlers<S extends DescService> = { readonly [K in keyof S['method']]: Handler<S['method'][K]> };
