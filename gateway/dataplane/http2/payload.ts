import { ConnectionError, errorCode, flag, maxWindow, setting } from './frame.ts';

/** The DATA or header block of a frame without its padding (RFC 9113 section 6.1). */
export function dataOf(flags: number, payload: Buffer, fixedBytes = 0): Buffer {
  const padded = (flags & flag.padded) !== 0;
  const start = (padded ? 1 : 0) + fixedBytes;
  const end = payload.length - (padded ? (payload[0] ?? 0) : 0);
  if (start > end) throw new ConnectionError(errorCode.protocol, 'padding of the whole frame');
  return start === 0 && end === payload.length ? payload : payload.subarray(start, end);
}

/** A payload of one number. */
export function fourBytes(payload: Buffer): number {
  if (payload.length !== 4) throw new ConnectionError(errorCode.frameSize, 'a frame of another size than 4 bytes');
  return payload.readUInt32BE(0);
}

/** The last stream that a GOAWAY says was processed. */
export function lastStreamOf(id: number, payload: Buffer): number {
  if (id !== 0) throw new ConnectionError(errorCode.protocol, 'GOAWAY of a stream');
  if (payload.length < 8) throw new ConnectionError(errorCode.frameSize, 'GOAWAY of less than 8 bytes');
  return payload.readUInt32BE(0) & maxWindow;
}

/** What a SETTINGS frame says of those settings that matter to a sender. */
export interface PeerSettings {
  headerTableSize?: number;
  maxConcurrentStreams?: number;
  initialWindowSize?: number;
}

/** Reads SETTINGS (RFC 9113 section 6.5.2); of several values for one the last counts. Frames are never over the least max_frame_size. */
export function readSettings(payload: Buffer): PeerSettings {
  if (payload.length % 6 !== 0) throw new ConnectionError(errorCode.frameSize, 'SETTINGS are cut off');
  const settings: PeerSettings = {};
  for (let at = 0; at < payload.length; at += 6) {
    const id = payload.readUInt16BE(at);
    const value = payload.readUInt32BE(at + 2);
    if (id === setting.headerTableSize) settings.headerTableSize = value;
    else if (id === setting.maxConcurrentStreams) settings.maxConcurrentStreams = value;
    else if (id === setting.initialWindowSize) {
      if (value > maxWindow) throw new ConnectionError(errorCode.flowControl, 'a window over the limit');
      settings.initialWindowSize = value;
    } else if (id === setting.enablePush && value !== 0) throw new ConnectionError(errorCode.protocol, 'a server that wants pushes');
    else if (id === setting.maxFrameSize && (value < 16_384 || value > 16_777_215))
      throw new ConnectionError(errorCode.protocol, 'a frame size out of bounds');
  }
  return settings;
}
