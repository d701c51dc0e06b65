import type { HostedInstance, InstanceHost } from './instance-host.ts';
import { type HostQuestion, isHostAnswer } from './instance-messages.ts';

/** Instances that the supervisor starts and ends: all processes of the platform are its children. */
export class SupervisedHost implements InstanceHost {
  readonly #ask: (question: HostQuestion) => void;
  readonly #starts = new Map<number, PromiseWithResolvers<HostedInstance>>();
  readonly #ends = new Map<string, (how: string) => void>();
  #asked = 0;

  /** @param ask sends a question to the supervisor. What it answers is handed to `take`. */
  constructor(ask: (question: HostQuestion) => void) {
    this.#ask = ask;
  }

  start(revision: string): Promise<HostedInstance> {
    const start = Promise.withResolvers<HostedInstance>();
    const ask = ++this.#asked;
    this.#starts.set(ask, start);
    this.#ask({ startInstance: revision, ask });
    return start.promise;
  }

  /** Takes in a message of the supervisor's; others are none of its business. */
  take(message: unknown): void {
    if (!isHostAnswer(message)) return;
    if ('instanceEnded' in message) {
      this.#ends.get(message.instanceEnded)?.(message.how);
      this.#ends.delete(message.instanceEnded);
    } else if ('instanceFailed' in message) {
      this.#starts.get(message.instanceFailed)?.reject(new Error('the instance does not come up'));
      this.#starts.delete(message.instanceFailed);
    } else {
      const { instanceUp: id, ask, pid, port } = message;
      const { promise: ended, resolve } = Promise.withResolvers<string>();
      this.#ends.set(id, resolve);
      this.#starts.get(ask)?.resolve({ id, pid, port, ended, stop: () => this.#ask({ stopInstance: id }) });
      this.#starts.delete(ask);
    }
  }
}
