import type { HttpStream } from './http-stream.ts';

/** Envoy's stream_idle_timeout and request_timeout of one stream. */
export class StreamTimers {
  readonly stream: HttpStream;
  #idle: NodeJS.Timeout | undefined;
  #request: NodeJS.Timeout | undefined;
  /** The request was received to its end. */
  received: boolean;

  constructor(stream: HttpStream) {
    this.stream = stream;
    this.received = stream.requestEnded;
    const { stream_idle_timeout: idle, request_timeout: request } = stream.manager.config;
    if (idle > 0) this.#idle = setTimeout(onIdle, idle, this).unref();
    if (request > 0 && !stream.requestEnded) this.#request = setTimeout(onSlowRequest, request, stream).unref();
  }

  /** Bytes moved in either direction. */
  touch(): void {
    this.#idle?.refresh();
  }

  /** The request was received to its end. */
  requestReceived(): void {
    this.received = true;
    clearTimeout(this.#request);
  }

  stop(): void {
    clearTimeout(this.#idle);
    clearTimeout(this.#request);
  }
}

// Functions that are there once, with what they concern as an argument: a closure for each stream costs more.
// Whose fault it is: the upstream's, once the request is complete.
function onIdle({ stream, received }: StreamTimers): void {
  stream.sendLocalReply({ status: received ? 504 : 408, body: 'stream timeout', details: 'stream_idle_timeout', flags: 'SI' });
}

function onSlowRequest(stream: HttpStream): void {
  stream.sendLocalReply({ status: 408, body: 'request timeout', details: 'request_overall_timeout', flags: 'DT' });
}
