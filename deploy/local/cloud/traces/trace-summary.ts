/** What a list says of a trace. */
export interface TraceSummary {
  readonly trace: string;
  /** Its first call that is known. */
  readonly name: string;
  readonly service: string;
  /** Microseconds since the epoch. */
  readonly startUs: number;
  readonly endUs: number;
  readonly spans: number;
  readonly failed: number;
  /** Which run of the platform it belongs to. */
  readonly run: number;
}
