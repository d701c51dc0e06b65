import { constants, type Http2Stream } from 'node:http2';
import type { Headers } from './header-map.ts';

/** Sends trailers, or without any the end of the stream; those that HTTP/2 has no form for reset it. */
export function sendTrailers(stream: Http2Stream, trailers: Headers): void {
  try {
    stream.sendTrailers(trailersObject(trailers));
  } catch {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}

/** node:http2 takes trailers as an object only. */
function trailersObject(trailers: Headers): Record<string, string | string[]> {
  const out: Record<string, string | string[]> = {};
  const list = trailers.list;
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!;
    const value = list[i + 1]!;
    const before = out[name];
    if (before === undefined) out[name] = value;
    else out[name] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  return out;
}
