import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerHttp2Stream } from 'node:http2';

/** https://nodejs.org/api/diagnostics_channel.html#http2 */
const closing = 'http2.server.stream.close';

/**
 * Lets go of what hangs on the HTTP/2 streams of this process's servers once they are closed. Node's sessions keep streams in a Map, whose old copies hold closed
 * streams until the old objects are collected: without its listeners, a stream no longer takes the whole call along, its headers, messages and timers.
 */
export function releaseClosedStreams(): void {
  // However many servers there are, once is enough.
  unsubscribe(closing, onClosing);
  subscribe(closing, onClosing);
}

function onClosing(message: unknown): void {
  // Added last, so every other listener has heard of it.
  (message as { readonly stream: ServerHttp2Stream }).stream.once('close', release);
}

function release(this: ServerHttp2Stream): void {
  this.removeAllListeners();
}
