/** A change of code, and the restarts that it has led to. */
export interface CodeChange {
  /** In milliseconds since the epoch. */
  readonly atMs: number;
  readonly files: readonly string[];
  readonly processes: readonly string[];
  readonly state: 'restarting' | 'done' | 'failed';
  readonly tookMs: number;
  /** Why it failed, for people. */
  readonly error: string | undefined;
}
