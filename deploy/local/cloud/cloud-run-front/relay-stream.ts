import { type ClientHttp2Stream, constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';

const { NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR, NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR } = constants;

/**
 * Joins a client's stream with the service's: bodies with back-pressure, trailers, and resets in both directions with their code.
 * `onUnreachable` is called at most once, where the service ended the stream before it answered and the client still waits.
 */
export function relayStream(downstream: ServerHttp2Stream, upstream: ClientHttp2Stream, onUnreachable: () => void): void {
  let trailers: IncomingHttpHeaders = {};
  // Errors are followed by 'close', which has the code; without a listener they would end the process.
  upstream.on('error', () => {});

  upstream.once('response', (headers, flags) => {
    // It has been answered in the meantime where its time was up.
    if (downstream.destroyed || downstream.closed || downstream.headersSent) return;
    if (flags & NGHTTP2_FLAG_END_STREAM) {
      downstream.respond(headers, { endStream: true });
      upstream.resume();
      return;
    }
    downstream.respond(headers, { waitForTrailers: true });
    upstream.pipe(downstream);
  });
  upstream.once('trailers', (headers) => {
    trailers = headers;
  });
  downstream.once('wantTrailers', () => downstream.sendTrailers(trailers));

  upstream.once('close', () => {
    downstream.unpipe(upstream);
    if (downstream.destroyed || downstream.closed) return;
    const code = upstream.rstCode ?? NGHTTP2_INTERNAL_ERROR;
    if (!downstream.headersSent) onUnreachable();
    else if (code !== NGHTTP2_NO_ERROR) downstream.close(code);
    else if (!upstream.readableEnded) downstream.close(NGHTTP2_INTERNAL_ERROR);
    else discardRest(downstream);
  });
  downstream.once('close', () => {
    if (!upstream.closed) upstream.close(downstream.rstCode === NGHTTP2_NO_ERROR ? NGHTTP2_CANCEL : downstream.rstCode);
  });

  if (!upstream.writableEnded) downstream.pipe(upstream);
}

/** The service answered without reading the whole request: what the client still sends goes nowhere, so that its stream can end. */
function discardRest(downstream: ServerHttp2Stream): void {
  if (!downstream.readableEnded) downstream.resume();
}
