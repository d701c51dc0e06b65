import type { UpstreamBehaviour } from '../conformance-case.ts';
import type { Random } from './random.ts';

/** An upstream that answers well most of the time, and otherwise with rubbish. */
export function randomBehaviour(random: Random): UpstreamBehaviour | undefined {
  switch (random.below(8)) {
    case 0:
      return {
        error: {
          code: random.below(20),
          message: random.pick(['', 'why', '組', '%zz']),
          ...(random.oneIn(2) && { rawDetails: random.bytes(12).toString('base64') }),
        },
      };
    case 1:
      return {
        raw: random.bytes(random.below(60)).toString('base64'),
        headers: { 'content-type': 'application/grpc' },
        trailers: { 'grpc-status': '0' },
      };
    case 2:
      return {
        raw: random.bytes(random.below(60)).toString('base64'),
        status: random.pick([200, 204, 404, 500]),
        headers: { 'content-type': 'text/html' },
      };
    case 3:
      return { reset: random.pick(['refused-stream', 'internal-error'] as const), times: random.below(3) };
    default:
      return undefined;
  }
}
