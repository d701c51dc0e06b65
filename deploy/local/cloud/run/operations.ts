import { randomUUID } from 'node:crypto';
import { status as codes, type status } from '@grpc/grpc-js';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../shared/local-server.ts';
import { ApiError } from '../google-api/api-error.ts';

/** A google.protobuf.Any as proto-loader takes it: the message beside its type. */
export type AnyMessage = object & { readonly '@type': string };

/** google.longrunning.Operation. */
export interface Operation {
  readonly name: string;
  readonly metadata: AnyMessage;
  readonly done: boolean;
  readonly response?: AnyMessage;
  readonly error?: { readonly code: status; readonly message: string };
}

/** How an operation ends: with the resource, or with an error. */
export type Outcome = Required<Pick<Operation, 'response'>> | Required<Pick<Operation, 'error'>>;

/** How many are remembered. Cloud Run does not say for how long it does. */
const keptOperations = 1_000;

/** The long-running operations, in memory: one that a restart interrupts is lost, what it did is not. */
export class Operations {
  readonly #operations = new LRUCache<string, Operation>({ max: keptOperations });
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #clock: Clock;

  /** @param clock by which waits end. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param parent "projects/P/locations/L". */
  begin(parent: string, metadata: AnyMessage): Operation {
    const operation: Operation = { name: `${parent}/operations/${randomUUID()}`, metadata, done: false };
    this.#operations.set(operation.name, operation);
    return operation;
  }

  /** Ends an operation and whoever waits for it. */
  finish({ name, metadata }: Operation, outcome: Outcome): Operation {
    const operation: Operation = { name, metadata: 'response' in outcome ? outcome.response : metadata, done: true, ...outcome };
    this.#operations.set(name, operation);
    for (const wake of this.#waiting.get(name) ?? []) wake();
    return operation;
  }

  /** @throws ApiError NOT_FOUND */
  operation(name: string): Operation {
    const operation = this.#operations.get(name);
    if (operation === undefined) throw new ApiError(codes.NOT_FOUND, `Operation '${name}' does not exist.`);
    return operation;
  }

  /** Those of "projects/P/locations/L". */
  operations(parent: string): Operation[] {
    return [...this.#operations.values()].filter(({ name }) => name.startsWith(`${parent}/operations/`));
  }

  /** Answers when the operation is done, the time is over or the caller is gone. @throws ApiError NOT_FOUND */
  async wait(name: string, timeoutMs: number | undefined, gone: AbortSignal): Promise<Operation> {
    if (this.operation(name).done) return this.operation(name);
    const waiting = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, waiting);
    await new Promise<void>((resolve) => {
      const cancel = timeoutMs === undefined ? () => {} : this.#clock.schedule(timeoutMs, () => wake());
      const wake = () => {
        cancel();
        waiting.delete(wake);
        if (waiting.size === 0) this.#waiting.delete(name);
        resolve();
      };
      waiting.add(wake);
      gone.addEventListener('abort', wake, { once: true });
    });
    return this.operation(name);
  }
}
