// What the console's server and its page say to each other: types only, read by both.
import type { PicturePart } from '../cloud/inspect/picture-part.ts';
import type { TraceSummary } from '../cloud/traces/trace-summary.ts';
import type { CodeChange } from '../platform/code-change.ts';

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
interface PreviewState {
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
  /** What the last change of code has led to. */
  readonly change: CodeChange | undefined;
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

/** The traces that were asked for, and the runs that there are. */
export interface TraceList {
  readonly runs: readonly { readonly run: number; readonly startedMs: number }[];
  readonly current: number;
  readonly seq: number;
  readonly traces: readonly TraceSummary[];
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

/** Whose token is sent. */
export interface Identity {
  readonly kind: 'none' | 'customer' | 'partner' | 'operator' | 'trigger' | 'service';
  readonly subject: string;
}

/** How a call is sent. */
export type Protocol = 'rest' | 'grpc' | 'grpc-web';

/** A method in a list. */
export interface MethodRow {
  /** "kumiko.customer.v1.CustomerService/GetDeal". */
  readonly name: string;
  /** The service that runs it. */
  readonly workload: string;
  /** Who may call: "public", "customer", "partner", "operator", "trigger", "service". */
  readonly access: string;
  /** "GET /v1/deals", where it has a REST binding. */
  readonly rest: string | undefined;
  readonly isStream: boolean;
  /** Somebody who may call. */
  readonly identity: Identity;
  readonly summary: string;
}

/** A field of a form. */
export interface FormField {
  /** Its name in JSON. */
  readonly name: string;
  readonly comment: string;
  /** "string", "int64", "enum", or the name of a message. */
  readonly type: string;
  readonly choices: readonly string[];
  readonly isList: boolean;
  readonly isMap: boolean;
  readonly oneof: string | undefined;
  readonly isRequired: boolean;
  readonly isRedacted: boolean;
  /** What its rules say, in words. */
  readonly rules: readonly string[];
  /** Those of its message. */
  readonly fields: readonly FormField[];
}

/** A method with what its request is made of. */
export interface MethodForm extends MethodRow {
  readonly comment: string;
  /** The services that may call it. */
  readonly callers: readonly string[];
  readonly rules: readonly string[];
  readonly fields: readonly FormField[];
  /** A request that keeps the rules. */
  readonly sample: unknown;
}

/** What comes back of a call, bit by bit. */
export type CallEvent =
  | { readonly kind: 'sent'; readonly trace: string }
  | { readonly kind: 'headers'; readonly status: number | undefined; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'message'; readonly json: unknown }
  | {
      readonly kind: 'end';
      readonly code: string;
      readonly message: string;
      readonly details: readonly unknown[];
      readonly trailers: Readonly<Record<string, string>>;
      readonly tookMs: number;
    }
  /** It was not sent, and why. */
  | { readonly kind: 'refused'; readonly message: string };

/** A subscription in a list. */
export interface SubscriptionRow {
  readonly subscription: string;
  /** The path at the jobs gateway; undefined where it is pulled. */
  readonly pushesTo: string | undefined;
  readonly maxAttempts: number | undefined;
  /** What is not acknowledged. */
  readonly count: number;
}

/** A topic with its subscriptions. */
export interface TopicRow {
  readonly topic: string;
  readonly subscriptions: readonly SubscriptionRow[];
}

/** A message that is not acknowledged, masked. */
export interface WaitingMessage {
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
  readonly publishMs: number;
  readonly attempts: number;
  readonly nextMs: number;
  readonly body: unknown;
}

/** A queue with what waits in it; times are business time. */
export interface QueueRow {
  readonly queue: string;
  readonly state: 'RUNNING' | 'PAUSED';
  readonly limits: { readonly maxDispatchesPerSecond: number; readonly maxConcurrentDispatches: number };
  readonly attempts: number;
  readonly count: number;
  readonly tasks: readonly {
    readonly task: string;
    readonly scheduleMs: number;
    readonly createMs: number;
    readonly attempts: number;
    readonly last: string | undefined;
    readonly path: string;
    readonly trace: string;
    readonly body: unknown;
  }[];
}

/** A scheduled job; times are business time. */
export interface ScheduleRow {
  readonly job: string;
  readonly schedule: string;
  readonly timeZone: string;
  readonly state: 'ENABLED' | 'PAUSED';
  readonly path: string;
  readonly nextMs: number | null;
  readonly lastAttemptMs: number | null;
  readonly last: string | undefined;
}

/** How much waits in the tables of a service that fill and empty by themselves. */
export interface BacklogRow {
  readonly service: string;
  readonly tables: readonly { readonly table: string; readonly rows: number; readonly oldestMs: number | undefined }[];
  readonly error: string | undefined;
}

/** A webhook of a system of the outside world. */
export interface WebhookRow {
  readonly seq: number;
  /** The event's own id. */
  readonly id: string;
  readonly type: string;
  readonly attempts: number;
  /** The HTTP status of the last answer; 0 where there was none; undefined before the first. */
  readonly answer: number | undefined;
  readonly isWaiting: boolean;
  /** What was sent, masked. */
  readonly body: unknown;
}

/** What goes wrong because somebody asked for it. */
export interface FaultState {
  /** Of Pub/Sub, Cloud Tasks and webhooks. */
  readonly deliveries: { readonly delayMs: number; readonly repeat: boolean; readonly loseAnswers: boolean } | undefined;
  readonly metadataDown: boolean;
  /** Of a transaction of the local Spanner; undefined while it does not run. */
  readonly abortProbability: number | undefined;
  /** Processes that stand still. */
  readonly held: readonly string[];
  readonly outside: readonly {
    readonly system: string;
    readonly latencyMs: number;
    readonly errorRate: number;
    readonly declines: boolean;
    /** Its business knows a no. */
    readonly canDecline: boolean;
    readonly isThere: boolean;
  }[];
}

/** The parts with their places, and the ways between them. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly parts: readonly (PicturePart & { readonly x: number; readonly y: number; readonly width: number; readonly height: number })[];
  readonly ways: readonly {
    readonly id: string;
    readonly from: string;
    readonly to: string;
    readonly points: readonly (readonly [number, number])[];
  }[];
}

/** What a gateway says of itself. */
export interface EnvoyState {
  readonly filters: readonly string[];
  readonly clusters: readonly {
    readonly name: string;
    readonly hosts: readonly { readonly address: string; readonly health: string; readonly requests: number; readonly failures: number }[];
  }[];
}

/** A variable of a service's environment. */
export interface SettingRow {
  readonly name: string;
  /** Masked where it is a secret. */
  readonly value: string;
  /** Who says that it has it. */
  readonly from: string;
  /** Where production has its value from; nothing for what every service has. */
  readonly production: string;
}
