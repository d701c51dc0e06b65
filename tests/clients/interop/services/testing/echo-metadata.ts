import { Metadata } from '@grpc/grpc-js';
import { Trailers } from '../../../../../services/platform/chassis/errors/trailers.ts';
import type { Interceptor } from '../../../../../services/platform/chassis/server/served-method.ts';

const initial = 'x-grpc-test-echo-initial';
const trailing = 'x-grpc-test-echo-trailing-bin';

/** Sends two headers back, one before the messages and one after them: the tests' `custom_metadata`, which no handler of ours could answer. */
export const echoMetadata: Interceptor = (next) => async (call) => {
  const [first] = call.metadata.get(initial);
  if (first !== undefined) {
    call.answerHeaders = new Metadata();
    call.answerHeaders.set(initial, first);
  }
  const outcome = await next(call);
  const [last] = call.metadata.get(trailing);
  if (last === undefined) return outcome;
  const trailers = outcome.trailers ?? new Trailers();
  trailers.set(trailing, last);
  return { ...outcome, trailers };
};
