/** Prepends a gRPC frame header: not compressed, length in 4 bytes. */
export function frame(message: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(5 + message.length);
  out[0] = 0;
  out.writeUInt32BE(message.length, 1);
  out.set(message, 5);
  return out;
}

/** Cuts a stream of bytes into gRPC messages. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Bytes of a message that is not complete. */
  get pending(): number {
    return this.#rest.length;
  }

  /** The messages that are complete with this chunk; undefined where one is compressed, which a transcoder cannot read. */
  push(chunk: Buffer): Buffer[] | undefined {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Buffer[] = [];
    while (data.length >= 5) {
      if (data[0] !== 0) return undefined;
      const end = 5 + data.readUInt32BE(1);
      if (data.length < end) break;
      messages.push(data.subarray(5, end));
      data = data.subarray(end);
    }
    this.#rest = data;
    return messages;
  }
}
