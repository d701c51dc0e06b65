// What the console's server and its page say to each other: types only, read by both.

/** How a process of the platform is. */
export interface ProcessState {
  readonly name: string;
  readonly state: 'starting' | 'running' | 'down' | 'stopped';
  readonly pid: number | undefined;
  readonly starts: number;
  readonly sinceMs: number;
  readonly memoryBytes: number | undefined;
}

/** A preview of a service. */
export interface PreviewState {
  readonly service: string;
  readonly tag: string;
  readonly name: string;
  readonly state: string;
  readonly code: string;
}

/** How the platform is. */
export interface PlatformState {
  readonly product: string;
  /** When this run began, in milliseconds since the epoch. */
  readonly startedMs: number;
  /** How far business time is ahead of the machine's. */
  readonly aheadMs: number;
  readonly processes: readonly ProcessState[];
  readonly previews: readonly PreviewState[];
  /** Where things listen, by name. */
  readonly places: Readonly<Record<string, string>>;
}

/** A line of a log. */
export interface LogLine {
  readonly process: string;
  readonly timeMs: number;
  /** As Cloud Logging has it: DEBUG, INFO, WARNING, ERROR, CRITICAL, or DEFAULT where the line does not say. */
  readonly severity: string;
  readonly message: string;
  /** 32 hex digits, or nothing. */
  readonly trace: string;
  /** What else it says. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** One thing that happened to whatever a story is about. */
export interface StoryEntry {
  readonly atMs: number;
  readonly who: string;
  readonly kind: 'call' | 'event' | 'delivery' | 'outside' | 'log';
  readonly what: string;
  readonly tookMs: number;
  readonly failed: boolean;
  readonly trace: string;
  /** A span of the trace; nothing where there is none. */
  readonly span: string;
}

/** A trace in a list. */
export interface TraceRow {
  readonly trace: string;
  readonly name: string;
  readonly service: string;
  readonly startUs: number;
  readonly endUs: number;
  readonly spans: number;
  readonly failed: number;
  readonly run: number;
}

/** The traces that were asked for, and the runs that there are. */
export interface TraceList {
  readonly runs: readonly { readonly run: number; readonly startedMs: number }[];
  readonly current: number;
  readonly seq: number;
  readonly traces: readonly TraceRow[];
}

/** A span of a trace. */
export interface SpanRow {
  readonly trace: string;
  readonly id: string;
  readonly parent?: string | undefined;
  readonly service: string;
  readonly name: string;
  readonly kind: string;
  readonly startUs: number;
  readonly endUs: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly string[];
}

/** What passed between two parts, masked: see CallRecord and DeliveryRecord of the local cloud. */
export interface RecordRow<T = unknown> {
  readonly seq: number;
  readonly run: number;
  readonly kind: string;
  readonly resource: string;
  readonly trace: string;
  readonly atMs: number;
  readonly spec: T;
}

/** A trace with what passed in it. */
export interface WholeTrace {
  readonly trace: string;
  readonly spans: readonly SpanRow[];
  readonly records: readonly RecordRow[];
  /** There are more spans than these. */
  readonly isCut: boolean;
}
