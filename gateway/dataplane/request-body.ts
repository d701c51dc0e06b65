import type { BodySink } from './downstream.ts';
import type { Headers } from './header-map.ts';
import { LocalReplyError, type RequestTransform } from './http-filter.ts';
import type { HttpStream } from './http-stream.ts';
import type { UpstreamStream } from './upstream.ts';

// Bodies above are sent on without being kept, and then cannot be retried.
const replayLimit = 64 * 1024;

/** Who waits for a body that a transform needs whole. */
export interface BodyOwner {
  onBodyComplete(): void;
}

/** The request's body on its way to the upstream: transformed where a filter asked for it, kept for retries while small. */
export class RequestBody implements BodySink {
  readonly #stream: HttpStream;
  readonly #owner: BodyOwner;
  #upstream: UpstreamStream | undefined;
  #keep: boolean;
  #kept: Buffer[] = [];
  #size = 0;
  #ended = false;
  #trailers: Headers | undefined;
  #reading = false;

  constructor(stream: HttpStream, keep: boolean, owner: BodyOwner) {
    this.#stream = stream;
    this.#keep = keep;
    this.#owner = owner;
    this.#ended = stream.requestEnded;
  }

  /** The request has no body. */
  get isEmpty(): boolean {
    return this.#ended && this.#size === 0 && this.#trailers === undefined;
  }

  /** Whether everything sent so far can be sent again. */
  get canReplay(): boolean {
    return this.#keep;
  }

  /** Whether the upstream request can start; otherwise the body is read first and `onBodyComplete` follows. */
  readyAtOnce(): boolean {
    const transform = this.#stream.requestTransform;
    if (transform === undefined) return true;
    if (transform.kind === 'stream') {
      if (this.#ended) this.#take(this.#guard(() => transform.finish(this.#stream)));
      return !this.#stream.over;
    }
    if (this.#ended) {
      this.#takeWhole([]);
      return !this.#stream.over;
    }
    this.#reading = true;
    this.#stream.downstream.readBody(
      new WholeBody(this.#stream, transform, (chunks) => {
        this.#ended = true;
        this.#takeWhole(chunks);
        if (!this.#stream.over) this.#owner.onBodyComplete();
      }),
    );
    return false;
  }

  #takeWhole(chunks: Buffer[]): void {
    const transform = this.#stream.requestTransform;
    if (transform?.kind !== 'whole') return;
    this.#keep = true;
    this.#take(this.#guard(() => transform.transform(this.#stream, chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))));
  }

  /** Runs a transform; what it refuses becomes a local reply. */
  #guard(run: () => Buffer): Buffer | undefined {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof LocalReplyError)) {
        this.#stream.fail(error);
        return undefined;
      }
      this.#stream.sendLocalReply({ status: error.status, body: error.message, details: error.details });
      return undefined;
    }
  }

  #take(out: Buffer | undefined): void {
    if (out === undefined || out.length === 0) return;
    this.#size += out.length;
    if (this.#keep) this.#kept.push(out);
    if (this.#size > replayLimit && !this.#ended) {
      this.#keep = false;
      this.#kept = [];
    }
  }

  /** Sends what is there and goes on reading. Called again for each attempt. */
  sendTo(upstream: UpstreamStream): void {
    this.#upstream = upstream;
    for (const [index, chunk] of this.#kept.entries())
      upstream.sendData(chunk, this.#ended && this.#trailers === undefined && index === this.#kept.length - 1);
    if (this.#ended) {
      if (this.#trailers !== undefined) upstream.sendTrailers(this.#trailers);
      else if (this.#kept.length === 0) upstream.sendData(Buffer.alloc(0), true);
      return;
    }
    if (this.#reading) return;
    this.#reading = true;
    this.#stream.downstream.readBody(this);
  }

  /** The attempt is over; data that comes meanwhile is kept for the next. */
  detach(): void {
    this.#upstream = undefined;
  }

  resume(): void {
    this.#stream.downstream.resume();
  }

  onData(chunk: Buffer): void {
    const stream = this.#stream;
    stream.bytesReceived += chunk.length;
    stream.timers.touch();
    if (stream.over) return;
    const transform = stream.requestTransform;
    const out = transform?.kind === 'stream' ? this.#guard(() => transform.push(stream, chunk)) : chunk;
    this.#take(out);
    if (out !== undefined && out.length > 0 && this.#upstream?.sendData(out, false) === false) stream.downstream.pause();
  }

  onEnd(trailers: Headers | undefined): void {
    const stream = this.#stream;
    stream.timers.requestReceived();
    this.#ended = true;
    this.#trailers = trailers;
    if (stream.over) return;
    const transform = stream.requestTransform;
    const last = transform?.kind === 'stream' ? this.#guard(() => transform.finish(stream)) : Buffer.alloc(0);
    if (last === undefined) return;
    this.#take(last);
    if (trailers === undefined) this.#upstream?.sendData(last, true);
    else this.#upstream?.sendTrailers(trailers);
  }
}

/** Collects a body up to a limit. */
class WholeBody implements BodySink {
  readonly #stream: HttpStream;
  readonly #transform: Extract<RequestTransform, { kind: 'whole' }>;
  readonly #done: (chunks: Buffer[]) => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(stream: HttpStream, transform: Extract<RequestTransform, { kind: 'whole' }>, done: (chunks: Buffer[]) => void) {
    this.#stream = stream;
    this.#transform = transform;
    this.#done = done;
  }

  onData(chunk: Buffer): void {
    const stream = this.#stream;
    stream.bytesReceived += chunk.length;
    stream.timers.touch();
    if (stream.over) return;
    this.#size += chunk.length;
    if (this.#size <= this.#transform.limit) {
      this.#chunks.push(chunk);
      return;
    }
    this.#chunks.length = 0;
    stream.sendLocalReply({ status: 413, body: this.#transform.tooLarge, details: 'request_payload_too_large' });
  }

  onEnd(): void {
    this.#stream.timers.requestReceived();
    if (!this.#stream.over) this.#done(this.#chunks);
  }
}
