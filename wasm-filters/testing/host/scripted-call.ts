import { HeaderList } from './header-list.ts';

/** What a filter asks for. */
export interface CallRequest {
  readonly cluster: string;
  readonly headers: HeaderList;
  readonly timeoutMs: number;
}

/** What a filter is told of an answer. Without headers the connection broke midway. */
export interface CallResponse {
  readonly headers: HeaderList | undefined;
  readonly body: Buffer;
}

/**
 * A call that a filter started, for the test to answer. What Envoy makes of a server that fails it by itself: what is left unanswered times out.
 */
export class ScriptedCall {
  readonly request: CallRequest;
  readonly #deliver: (response: CallResponse) => void;
  readonly #timer: NodeJS.Timeout;
  #over = false;

  constructor(request: CallRequest, deliver: (response: CallResponse) => void) {
    this.request = request;
    this.#deliver = deliver;
    this.#timer = setTimeout(() => this.answer('504', 'upstream request timeout'), request.timeoutMs);
    this.#timer.unref();
  }

  answer(status: string, body: string | Uint8Array = ''): void {
    this.#end({ headers: new HeaderList([[':status', status]]), body: Buffer.from(body) });
  }

  /** No connection, or one that ended before the answer began. */
  fail(reason = 'remote connection failure'): void {
    this.answer('503', `upstream connect error or disconnect/reset before headers. reset reason: ${reason}`);
  }

  /** The connection broke within the answer. */
  breakOff(): void {
    this.#end({ headers: undefined, body: Buffer.alloc(0) });
  }

  /** Nobody waits for it any more. */
  cancel(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  #end(response: CallResponse): void {
    if (this.#over) return;
    this.cancel();
    this.#deliver(response);
  }
}
