import type { HeaderList } from './header-list.ts';
import type { Property } from './properties.ts';

/** An answer that a filter, or a failed VM, gives by itself. */
interface LocalReply {
  readonly status: number;
  readonly body: string;
  /** For gRPC requests; -1 derives it from the HTTP status. */
  readonly grpcStatus: number;
  /** For the access log. */
  readonly details: string;
}

/** One request as the test sees it. */
export class Stream {
  readonly headers: HeaderList;
  readonly properties: Property;
  readonly #onEnd: () => void;
  #state: 'stopped' | 'sent' | 'replied' | 'gone' = 'stopped';
  #reply: LocalReply | undefined;
  #wish: LocalReply | 'continue' | undefined;

  constructor(headers: HeaderList, properties: Property, onEnd: () => void) {
    this.headers = headers;
    this.properties = properties;
    this.#onEnd = onEnd;
  }

  /** Whether it waits for the filter, went upstream, was answered here, or has lost its client. */
  get state(): 'stopped' | 'sent' | 'replied' | 'gone' {
    return this.#state;
  }

  get reply(): LocalReply | undefined {
    return this.#reply;
  }

  /** Whether the filter can still reach its headers: not once it wished to send it on, even within the same call. */
  get open(): boolean {
    return this.#state === 'stopped' && this.#wish !== 'continue';
  }

  /** The filter wishes to send it on, or to answer. Done once its call has returned; an answer wins, and of answers the first. */
  wish(wish: LocalReply | 'continue'): void {
    if (this.#wish === undefined || this.#wish === 'continue') this.#wish = wish;
  }

  /** Does what the filter wished for. */
  settle(): void {
    const wish = this.#wish;
    this.#wish = undefined;
    if (wish === undefined || this.#state !== 'stopped') return;
    if (wish === 'continue') {
      this.#state = 'sent';
    } else {
      this.#state = 'replied';
      this.#reply = wish;
    }
  }

  /** It has had its answer, or its client disconnects. */
  end(): void {
    if (this.#state === 'stopped') this.#state = 'gone';
    this.#onEnd();
  }
}
