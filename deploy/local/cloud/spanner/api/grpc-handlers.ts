import { once } from 'node:events';
import { type handleServerStreamingCall, type handleUnaryCall, Metadata, type ServerErrorResponse, status } from '@grpc/grpc-js';
import { PostgresError } from '../engine/postgres.ts';
import { failureOf } from '../sql/sql-state.ts';
import { SpannerFailure } from './spanner-failure.ts';

/** A method that answers once. The signal fires when the caller gives up. */
export type Unary<Request, Response> = (request: Request, signal: AbortSignal) => Response | Promise<Response>;

/** A method that answers with a stream. */
type ServerStream<Request, Response> = (request: Request, signal: AbortSignal) => Promise<Iterable<Response>>;

/** Makes a gRPC handler of a method. */
export function unary<Request, Response>(method: Unary<Request, Response>): handleUnaryCall<Request, Response> {
  return async (call, callback) => {
    try {
      callback(null, await method(call.request, cancellationOf(call)));
    } catch (error) {
      callback(statusOf(error));
    }
  };
}

/**
 * Makes a gRPC handler of a streaming method.
 *
 * @param headersBeforeError A client that sees an error before any header repeats the call for seconds. Spanner itself may answer either way.
 */
export function serverStream<Request, Response>(
  method: ServerStream<Request, Response>,
  headersBeforeError: boolean,
): handleServerStreamingCall<Request, Response> {
  return async (call) => {
    try {
      const messages = await method(call.request, cancellationOf(call));
      for (const message of messages) {
        if (!call.write(message) && !call.cancelled) await Promise.race([once(call, 'drain'), once(call, 'cancelled')]);
        if (call.cancelled) return;
      }
      call.end();
    } catch (error) {
      if (headersBeforeError) call.sendMetadata(new Metadata());
      call.emit('error', statusOf(error));
    }
  };
}

/** The status that tells a caller about an error. What is no refusal of ours stays inside, and is told to the operator. */
export function statusOf(error: unknown): ServerErrorResponse & { code: status } {
  const failure = error instanceof PostgresError ? failureOf(error) : error;
  if (failure instanceof SpannerFailure) {
    const answer = { name: failure.name, code: failure.code, message: failure.message, details: failure.message };
    return failure.metadata === undefined ? answer : { ...answer, metadata: failure.metadata };
  }
  process.stderr.write(`the local Spanner failed inside: ${error instanceof Error ? error.stack : String(error)}\n`);
  return { name: 'Error', code: status.INTERNAL, message: 'internal error', details: 'internal error' };
}

/** gRPC tells of the end of every call like this; a reason at hand spares each an exception of its own. */
const GONE = 'the call is over';

function cancellationOf(call: { cancelled: boolean; once(event: 'cancelled', listener: () => void): unknown }): AbortSignal {
  const controller = new AbortController();
  if (call.cancelled) controller.abort(GONE);
  else call.once('cancelled', () => controller.abort(GONE));
  return controller.signal;
}
