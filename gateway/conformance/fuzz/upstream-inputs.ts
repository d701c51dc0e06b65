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
        raw: Buffer.concat(Array.from({ length: random.below(4) }, () => rubbishFrame(random))).toString('base64'),
        headers: { 'content-type': 'application/grpc' },
        trailers: { 'grpc-status': '0' },
      };
    case 4:
      return { raw: random.bytes(random.below(60)).toString('base64'), headers: { 'content-type': 'application/grpc' } };
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

/**
 * A frame that is whole. With trailers behind a frame that is not, a transcoded stream to an HTTP/1.1 client ends Envoy 1.40.0 by a segmentation fault
 * (docs/reference/envoy.md): after each move of the version try without this exception.
 */
function rubbishFrame(random: Random): Buffer {
  const payload = random.bytes(random.below(20));
  return Buffer.concat([Buffer.from([random.oneIn(4) ? random.below(256) : 0, 0, 0, 0, payload.length]), payload]);
}
