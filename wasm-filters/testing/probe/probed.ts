import type { Outcome, Transcript } from './scenes.ts';

/** A host that runs the probe. */
export interface Probed {
  /** What the probe said while it was configured, for the first time. */
  readonly started: readonly string[];
  /** Sends a request of this scene, and waits for what becomes of it. */
  outcome(scene: string): Promise<Outcome>;
  /** The same, with what is said. */
  run(scene: string): Promise<Transcript>;
  /** Sends one whose client disconnects once it is stopped, and waits until the probe has said that it is gone. */
  abandon(scene: string): Promise<Transcript>;
  close(): Promise<void>;
}

/** The probe has no more to say after these lines: of its configuration, and of a scene that is abandoned. */
export const lastWordOfStart = 'clock=0';
export const lastWordOfAbandoned = 'reply=0';
