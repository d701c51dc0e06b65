import { ConnectionError, errorCode, flag, frameType } from './frame.ts';
import { type HeaderList, HpackDecoder } from './hpack-decoder.ts';
import { dataOf } from './payload.ts';

// Envoy's defaults for responses: max_response_headers_kb and max_headers_count.
const limits = { bytes: 60 * 1024, fields: 100 };
// Of a block before it is decoded: compression cannot make it larger than its list by much.
const maxBlockBytes = 128 * 1024;
// Empty ones cost the peer next to nothing (CVE-2024-27316 and its kin).
const maxFrames = 64;

interface OpenBlock {
  readonly id: number;
  readonly endStream: boolean;
  readonly parts: Buffer[];
  bytes: number;
}

/** A whole header block of a stream. */
export interface ReceivedHeaders {
  readonly headers: HeaderList;
  readonly endStream: boolean;
}

/** Puts header blocks together from HEADERS and CONTINUATION (RFC 9113 section 4.3) and decodes them. */
export class HeaderBlocks {
  readonly #decoder = new HpackDecoder(limits);
  #open: OpenBlock | undefined;

  /** Whether a CONTINUATION of another frame's block is due, which this frame is not. */
  expects(type: number, id: number): boolean {
    return this.#open !== undefined && (type !== frameType.continuation || id !== this.#open.id);
  }

  /** Takes a frame; returns the block once it is complete. @throws ConnectionError where it is malformed or too large. */
  push(type: number, flags: number, id: number, payload: Buffer): ReceivedHeaders | undefined {
    const complete = (flags & flag.endHeaders) !== 0;
    if (type === frameType.continuation) return this.#continue(complete, payload);
    const block = dataOf(flags, payload, (flags & flag.priority) !== 0 ? 5 : 0);
    const endStream = (flags & flag.endStream) !== 0;
    if (complete) return { headers: this.#decoder.decode(block), endStream };
    this.#open = { id, endStream, parts: [block], bytes: block.length };
    return undefined;
  }

  #continue(complete: boolean, payload: Buffer): ReceivedHeaders | undefined {
    const open = this.#open;
    if (open === undefined) throw new ConnectionError(errorCode.protocol, 'CONTINUATION of nothing');
    open.parts.push(payload);
    open.bytes += payload.length;
    if (open.bytes > maxBlockBytes || open.parts.length > maxFrames)
      throw new ConnectionError(errorCode.enhanceYourCalm, 'a header block without end');
    if (!complete) return undefined;
    this.#open = undefined;
    return { headers: this.#decoder.decode(Buffer.concat(open.parts)), endStream: open.endStream };
  }
}
