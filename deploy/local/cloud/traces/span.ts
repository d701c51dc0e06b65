/** The kinds of spans, by OTLP's numbers. */
export const spanKinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;

/** A span as it is kept and shown. */
export interface Span {
  /** 32 hex digits. */
  readonly trace: string;
  /** 16 hex digits. */
  readonly id: string;
  /** Of the same trace; undefined for a trace's first. It may be one that nobody sent, such as a client's own. */
  readonly parent: string | undefined;
  readonly service: string;
  readonly name: string;
  readonly kind: (typeof spanKinds)[number];
  /** Microseconds since the epoch. */
  readonly startUs: number;
  readonly endUs: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** Other traces that it has to do with. */
  readonly links: readonly string[];
}
