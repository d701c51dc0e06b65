import type { Disturbance } from '../cloud/start-cloud.ts';
import type { CodeChange } from '../platform/code-change.ts';
import type { Endpoints } from '../platform/endpoints.ts';
import type { PlatformClock } from '../platform/platform-clock.ts';
import type { Ports } from '../platform/ports.ts';
import type { Processes } from '../platform/processes.ts';
import type { RunningPreviews } from '../platform/running-previews.ts';

/** What the console sees of the platform that it runs in, and may do to it. */
export interface ConsolePlatform {
  endpoints(): Endpoints;
  readonly ports: Ports;
  readonly processes: Pick<Processes, 'list' | 'logFile' | 'halt' | 'resume' | 'pid' | 'ask'>;
  readonly clock: PlatformClock;
  readonly previews: Pick<RunningPreviews, 'list' | 'start' | 'stop'>;
  /** Replaces what goes wrong in the local cloud; `{}` lifts everything. */
  disturb(disturbance: Disturbance): void;
  /** Stops the platform, forgets its state, and starts it again; undefined where whoever started it cannot. */
  readonly reset: (() => boolean) | undefined;
  /** The variables that a service is started with. */
  environmentOf(service: string): Readonly<Record<string, string>>;
  /** What the last change of code has led to; undefined where there was none, or nobody watches. */
  lastChange(): CodeChange | undefined;
}
