/** Kinds of spans, by OTLP's numbers. */
export const spanKind = { server: 2, client: 3 } as const;

/** A span that is over. */
export interface Span {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly id: string;
  readonly parentId: string | undefined;
  /** The header `tracestate`; empty where there is none. */
  readonly traceState: string;
  readonly name: string;
  readonly kind: (typeof spanKind)[keyof typeof spanKind];
  /** Milliseconds since the epoch, with a fraction. */
  readonly startMs: number;
  readonly endMs: number;
  /** name, value, name, value… */
  readonly tags: readonly string[];
  readonly failed: boolean;
}

/** Takes spans that are over, sampled ones only. */
export type SpanSink = (span: Span) => void;
