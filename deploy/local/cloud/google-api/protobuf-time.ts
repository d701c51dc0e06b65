/** google.protobuf.Timestamp or Duration as proto-loader reads it. */
export interface SecondsAndNanos {
  readonly seconds: string | number;
  readonly nanos: number;
}

/** Milliseconds of a Timestamp (since the epoch) or Duration. */
export function toMs(value: SecondsAndNanos): number {
  return Number(value.seconds) * 1000 + value.nanos / 1e6;
}

/** The Timestamp or Duration of milliseconds. */
export function fromMs(ms: number): SecondsAndNanos {
  const seconds = Math.floor(ms / 1000);
  return { seconds: String(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}
