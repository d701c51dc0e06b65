import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type DescService,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { Metadata } from '@grpc/grpc-js';
import { pino } from 'pino';
import type { Call, Caller, Handlers } from '../chassis/server/call.ts';

/** Handlers as a caller sees them, without a server between. A stream takes the signal that ends it. */
export type TestClient<S extends DescService> = {
  readonly [K in keyof S['method']]: S['method'][K] extends DescMethodUnary
    ? (request: MessageInitShape<S['method'][K]['input']>) => Promise<MessageShape<S['method'][K]['output']>>
    : S['method'][K] extends DescMethodServerStreaming
      ? (request: MessageInitShape<S['method'][K]['input']>, signal: AbortSignal) => AsyncIterable<MessageShape<S['method'][K]['output']>>
      : never;
};

/**
 * Calls handlers as a caller whom the chassis has let through: with whole request messages, and with what a handler puts off done before the answer.
 *
 *     const alice = testClient(CustomerService, handlers, { kind: 'customer', id: 'alice' });
 *     const { order } = await alice.openGroup({ … });
 */
export function testClient<S extends DescService>(
  service: S,
  handlers: Handlers<S>,
  caller: Caller,
  headers: Readonly<Record<string, string>> = {},
): TestClient<S> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const methods = service.methods.map((method) => {
    const handler = handlers[method.localName as keyof typeof handlers] as unknown as (request: unknown, call: Call) => unknown;
    const callOf = (signal: AbortSignal, work: (() => Promise<void>)[]): Call => ({
      caller,
      method,
      deadline: new Date(Date.now() + 60_000),
      signal,
      logger: pino({ level: 'silent' }),
      metadata,
      afterResponse: (put) => void work.push(put),
    });
    const unary = async (init: MessageInitShape<DescMessage>) => {
      const work: (() => Promise<void>)[] = [];
      try {
        const response = await handler(create(method.input, init), callOf(new AbortController().signal, work));
        return create(method.output, response as MessageInitShape<DescMessage>);
      } finally {
        // The chassis logs what fails here; the caller has been answered.
        await Promise.allSettled(work.map((put) => put()));
      }
    };
    const stream = async function* (init: MessageInitShape<DescMessage>, signal: AbortSignal) {
      for await (const response of handler(create(method.input, init), callOf(signal, [])) as AsyncIterable<
        MessageInitShape<DescMessage>
      >) {
        yield create(method.output, response);
      }
    };
    return [method.localName, method.methodKind === 'server_streaming' ? stream : unary];
  });
  return Object.fromEntries(methods) as TestClient<S>;
}
