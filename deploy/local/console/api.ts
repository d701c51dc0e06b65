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
