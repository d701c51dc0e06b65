/** Frames of HTTP/2 (RFC 9113 section 4.1 and 6). */
export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags; `ack` is of SETTINGS and PING. */
export const flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** Identifiers of settings (RFC 9113 section 6.5.2). */
export const setting = { headerTableSize: 1, enablePush: 2, maxConcurrentStreams: 3, initialWindowSize: 4, maxFrameSize: 5 } as const;

/** RFC 9113 section 7. */
export const errorCode = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const;

export const frameHeaderBytes = 9;
/** Payload bytes of a frame: the least limit that a peer may have, and ours. */
export const maxFrameBytes = 16_384;
/** The greatest flow-control window. */
export const maxWindow = 2 ** 31 - 1;
/** What a window is until SETTINGS or WINDOW_UPDATE say otherwise. */
export const defaultWindow = 65_535;

/** A fault of the peer that ends the whole connection (RFC 9113 section 5.4.1). */
export class ConnectionError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
