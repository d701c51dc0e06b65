import type { HostedInstance, InstanceHost } from './instance-host.ts';
import { type HostQuestion, isHostAnswer } from './instance-messages.ts';

/** Instances that the supervisor starts and ends: all processes of the platform are its children. */
export class SupervisedHost implements InstanceHost {
  readonly #ask: (question: HostQuestion) => void;
  readonly #starts = new Map<number, PromiseWithResolvers<HostedInstance>>();
  readonly #hosted = new Map<string, { pid: number; readonly end: (how: string) => void }>();
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
      this.#hosted.get(message.instanceEnded)?.end(message.how);
      this.#hosted.delete(message.instanceEnded);
    } else if ('instanceRestarted' in message) {
      const hosted = this.#hosted.get(message.instanceRestarted);
      if (hosted !== undefined) hosted.pid = message.pid;
    } else if ('instanceFailed' in message) {
      this.#starts.get(message.instanceFailed)?.reject(new Error('the instance does not come up'));
      this.#starts.delete(message.instanceFailed);
    } else {
      const { instanceUp: id, ask, pid, port } = message;
      const { promise: ended, resolve: end } = Promise.withResolvers<string>();
      const hosted = { id, pid, port, ended, end, stop: () => this.#ask({ stopInstance: id }) };
      this.#hosted.set(id, hosted);
      this.#starts.get(ask)?.resolve(hosted);
      this.#starts.delete(ask);
    }
  }
}
