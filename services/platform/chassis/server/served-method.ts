import { create, type DescMessage, type DescMethod, type Message, type MessageInitShape } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import type { Metadata, status } from '@grpc/grpc-js';
import { methodDefinition } from '../../contracts/definitions.ts';
import type { HttpRule } from '../../contracts/gen/types/google/api/http_pb.js';
import type { MethodPolicy } from '../../contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { describeMethod } from '../../contracts/methods.ts';
import type { Binding } from './bind.ts';
import type { Call } from './call.ts';
import type { ServerCall } from './server-call.ts';

/** How a call ended. */
export interface Outcome {
  readonly code: status;
  readonly message: string;
  readonly trailers?: Metadata;
  /** The response of a method that sends one. */
  readonly response?: Buffer;
}

/** One step of a call, and all that follow it. Rejects or throws where the call fails. */
export type Run = (call: ServerCall) => Promise<Outcome>;

/** Wraps what follows for one method: everything that depends on the method alone is worked out here, once. */
export type Interceptor = (next: Run, method: ServedMethod) => Run;

/** One method as it is served, with all that the interceptors need to know of it. */
export interface ServedMethod {
  readonly desc: DescMethod;
  /** "kumiko.customer.v1.CustomerService/GetDeal". */
  readonly fullName: string;
  /** "/kumiko.customer.v1.CustomerService/GetDeal". */
  readonly path: string;
  /** Undefined where the method has no such option, which denies every caller. */
  readonly policy: MethodPolicy | undefined;
  /** REST bindings, where there are any. */
  readonly http: HttpRule | undefined;
  readonly deadlineMs: number;
  readonly maxRequestBytes: number;
  readonly decode: (bytes: Buffer) => Message;
  readonly encode: (response: MessageInitShape<DescMessage>) => Buffer;
  readonly handler: (request: Message | AsyncIterable<Message>, call: Call) => unknown;
}

/** Methods without a deadline option are denied before it counts. */
const noDeadlineMs = 10_000;

/**
 * The methods of a binding.
 *
 * @throws where a method has no handler.
 */
export function servedMethods({ service, handlers }: Binding): ServedMethod[] {
  return service.methods.map((desc) => {
    const { path, requestDeserialize, responseSerialize } = methodDefinition(desc);
    const fullName = path.slice(1);
    const handler = handlers[desc.localName] as ServedMethod['handler'] | undefined;
    if (handler === undefined) throw new Error(`${fullName} has no handler`);
    const { policy, http, maxRequestBytes } = describeMethod(desc);
    return {
      desc,
      fullName,
      path,
      policy,
      http,
      deadlineMs: policy?.deadline === undefined ? noDeadlineMs : durationMs(policy.deadline),
      decode: requestDeserialize,
      encode: (response) => responseSerialize(create(desc.output, response)),
      maxRequestBytes,
      // Handlers may be methods of an object.
      handler: handler.bind(handlers),
    };
  });
}
