import { gunzipSync } from 'node:zlib';

const headerBytes = 5;

/**
 * Cuts gRPC messages out of the bytes of one direction of a call, up to a number of bytes and of messages: what is more is counted and let go.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export class GrpcFrames {
  readonly #most: { readonly bytes: number; readonly messages: number };
  readonly messages: Uint8Array[] = [];
  /** Messages that were too large, or too many. */
  omitted = 0;
  #header = Buffer.alloc(0);
  #parts: Buffer[] | undefined = [];
  #missing = 0;
  #compressed = false;
  #keptBytes = 0;

  constructor(most: { readonly bytes: number; readonly messages: number }) {
    this.#most = most;
  }

  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#missing === 0) rest = this.#readHeader(rest);
      if (this.#missing === 0) continue;
      const part = rest.subarray(0, this.#missing);
      rest = rest.subarray(part.length);
      this.#missing -= part.length;
      this.#parts?.push(part);
      if (this.#missing === 0) this.#end();
    }
  }

  #readHeader(chunk: Buffer): Buffer {
    const wanted = headerBytes - this.#header.length;
    this.#header = Buffer.concat([this.#header, chunk.subarray(0, wanted)]);
    if (this.#header.length < headerBytes) return Buffer.alloc(0);
    this.#compressed = this.#header[0] === 1;
    this.#missing = this.#header.readUInt32BE(1);
    this.#header = Buffer.alloc(0);
    const fits = this.messages.length < this.#most.messages && this.#keptBytes + this.#missing <= this.#most.bytes;
    this.#parts = fits ? [] : undefined;
    if (fits) this.#keptBytes += this.#missing;
    if (this.#missing === 0) this.#end();
    return chunk.subarray(wanted);
  }

  #end(): void {
    if (this.#parts === undefined) {
      this.omitted += 1;
      return;
    }
    const whole = Buffer.concat(this.#parts);
    try {
      this.messages.push(this.#compressed ? gunzipSync(whole, { maxOutputLength: this.#most.bytes }) : whole);
    } catch {
      this.omitted += 1;
    }
  }
}
