import type { HttpStream } from './http-stream.ts';

/** Envoy's stream_idle_timeout and request_timeout of one stream. */
export class StreamTimers {
  readonly #stream: HttpStream;
  #idle: NodeJS.Timeout | undefined;
  #request: NodeJS.Timeout | undefined;
  #received: boolean;

  constructor(stream: HttpStream) {
    this.#stream = stream;
    this.#received = stream.requestEnded;
    const { stream_idle_timeout: idle, request_timeout: request } = stream.manager.config;
    if (idle > 0) this.#idle = setTimeout(() => this.#onIdle(), idle).unref();
    if (request > 0 && !stream.requestEnded) this.#request = setTimeout(() => this.#onSlowRequest(), request).unref();
  }

  /** Bytes moved in either direction. */
  touch(): void {
    this.#idle?.refresh();
  }

  /** The request was received to its end. */
  requestReceived(): void {
    this.#received = true;
    clearTimeout(this.#request);
  }

  stop(): void {
    clearTimeout(this.#idle);
    clearTimeout(this.#request);
  }

  // Whose fault it is: the upstream's, once the request is complete.
  #onIdle(): void {
    this.#stream.sendLocalReply({
      status: this.#received ? 504 : 408,
      body: 'stream timeout',
      details: 'stream_idle_timeout',
      flags: 'SI',
    });
  }

  #onSlowRequest(): void {
    this.#stream.sendLocalReply({ status: 408, body: 'request timeout', details: 'request_overall_timeout', flags: 'DT' });
  }
}
