import { status } from '@grpc/grpc-js';
import { DueHeap } from '../../shared/clock/due-heap.ts';
import { createWakeUp, type WakeUp } from '../../shared/clock/wake-up.ts';
import type { Clock } from '../../shared/local-server.ts';
import { fromMs, toMs } from '../google-api/protobuf-time.ts';
import { backoffMs } from '../push/backoff.ts';
import type { HttpDispatcher, Outcome } from '../push/http-dispatcher.ts';
import { isExhausted } from './queue-rules.ts';
import type { Attempt, Queue, StoredTask } from './resources.ts';
import { dispatchOf } from './task-dispatch.ts';
import type { TasksStore } from './tasks-store.ts';
import { TokenBucket } from './token-bucket.ts';

const hourMs = 3600_000;

/** Cloud Tasks may keep the name of a task that is over from being used again for as long: https://cloud.google.com/tasks/docs/quotas#limits */
const nameReuseMs = 24 * hourMs;

/** After this time from its creation a task is deleted, done or not: the same page. */
const retentionMs = 31 * 24 * hourMs;

/** What a queue runner works with. */
export interface QueueRunnerParts {
  readonly clock: Clock;
  readonly store: TasksStore;
  readonly dispatcher: HttpDispatcher;
}

/** Dispatches the tasks of one queue within its rate and concurrency, and retries by its policy. */
export class QueueRunner {
  readonly #parts: QueueRunnerParts;
  readonly #due = new DueHeap<string>();
  readonly #underWay = new Set<string>();
  readonly #bucket: TokenBucket;
  readonly #wakeUp: WakeUp;
  #queue: Queue;
  #running = false;
  #closed = false;

  constructor(parts: QueueRunnerParts, queue: Queue) {
    this.#parts = parts;
    this.#queue = queue;
    this.#bucket = new TokenBucket(parts.clock, queue.rateLimits.maxDispatchesPerSecond, queue.rateLimits.maxBurstSize);
    this.#wakeUp = createWakeUp(parts.clock, () => this.#pump());
    for (const task of parts.store.tasks(queue.name)) this.#due.push(task.scheduleMs, task.name);
  }

  get queue(): Queue {
    return this.#queue;
  }

  /** Begins to dispatch. */
  start(): void {
    this.#running = true;
    this.#pump();
  }

  /** Changes limits, policy or state. */
  update(queue: Queue): void {
    this.#parts.store.putQueue(queue);
    this.#queue = queue;
    this.#bucket.setLimits(queue.rateLimits.maxDispatchesPerSecond, queue.rateLimits.maxBurstSize);
    this.#pump();
  }

  /** Takes over a task whose row is committed. */
  add(task: StoredTask): void {
    this.#due.push(task.scheduleMs, task.name);
    this.#pump();
  }

  /** Deletes a task for good. An attempt under way still ends, without effect on the task. */
  remove(name: string): void {
    this.#parts.store.remove(name, this.#parts.clock.now() + nameReuseMs);
  }

  /** Dispatches a task now, whatever the queue's state and limits. */
  run(task: StoredTask): void {
    if (!this.#underWay.has(task.name)) void this.#attempt(task);
  }

  /** Hands out nothing more and forgets the outcome of what is under way. */
  close(): void {
    this.#running = false;
    this.#closed = true;
    this.#wakeUp.cancel();
  }

  #pump(): void {
    const { clock, store } = this.#parts;
    const { rateLimits, state } = this.#queue;
    while (this.#running && state === 'RUNNING' && this.#underWay.size < rateLimits.maxConcurrentDispatches) {
      const next = this.#due.peek();
      if (next === undefined) return;
      if (next.at > clock.now()) {
        this.#wakeUp.at(next.at);
        return;
      }
      const task = store.task(next.value);
      // Entries of tasks that were deleted, run by hand or scheduled anew stay in the heap until their time.
      if (task === undefined || task.scheduleMs !== next.at || this.#underWay.has(task.name)) {
        this.#due.pop();
        continue;
      }
      if (task.createMs + retentionMs <= clock.now()) {
        this.#due.pop();
        this.remove(task.name);
        continue;
      }
      const waitMs = this.#bucket.take();
      if (waitMs > 0) {
        this.#wakeUp.at(clock.now() + waitMs);
        return;
      }
      this.#due.pop();
      void this.#attempt(task);
    }
  }

  async #attempt(task: StoredTask): Promise<void> {
    const { clock, store, dispatcher } = this.#parts;
    this.#underWay.add(task.name);
    const attempt: Attempt = {
      scheduleTime: fromMs(task.scheduleMs),
      dispatchTime: fromMs(clock.now()),
      responseTime: null,
      responseStatus: null,
    };
    const dispatched = { ...task, dispatchCount: task.dispatchCount + 1, firstAttempt: task.firstAttempt ?? attempt, lastAttempt: attempt };
    store.update(dispatched);
    const outcome = await dispatcher.send(dispatchOf(this.#queue.name, task));
    if (this.#closed) return;
    this.#underWay.delete(task.name);
    if (store.task(task.name) !== undefined) this.#settle(dispatched, outcome);
    this.#pump();
  }

  #settle(task: StoredTask, outcome: Outcome): void {
    const { clock, store } = this.#parts;
    const { retryConfig } = this.#queue;
    const answered = outcome.kind === 'answered';
    if (answered && outcome.status >= 200 && outcome.status < 300) {
      this.remove(task.name);
      return;
    }
    const attempts = task.dispatchCount;
    const sinceFirstMs = task.firstAttempt === null ? 0 : clock.now() - toMs(task.firstAttempt.dispatchTime);
    if (isExhausted(retryConfig, attempts, sinceFirstMs)) {
      this.remove(task.name);
      return;
    }
    const steps = {
      minBackoffMs: toMs(retryConfig.minBackoff),
      maxBackoffMs: toMs(retryConfig.maxBackoff),
      maxDoublings: retryConfig.maxDoublings,
    };
    const retried: StoredTask = {
      ...task,
      scheduleMs: clock.now() + backoffMs(steps, attempts),
      responseCount: task.responseCount + (answered ? 1 : 0),
      executionCount: task.executionCount + (answered && outcome.status < 500 ? 1 : 0),
      previousResponse: answered ? outcome.status : httpStatusOf[outcome.code],
      lastAttempt: task.lastAttempt && {
        ...task.lastAttempt,
        responseTime: answered ? fromMs(clock.now()) : null,
        responseStatus: statusOf(outcome),
      },
    };
    store.update(retried);
    this.#due.push(retried.scheduleMs, retried.name);
  }
}

/** As which HTTP status a target is told of an attempt that it did not answer. */
const httpStatusOf = { [status.DEADLINE_EXCEEDED]: 504, [status.UNAVAILABLE]: 503 } as const;

// google.rpc.Code UNKNOWN for an HTTP error.
function statusOf(outcome: Outcome): { code: number; message: string } {
  if (outcome.kind === 'unanswered') return { code: outcome.code, message: outcome.reason };
  return { code: status.UNKNOWN, message: `HTTP status code ${outcome.status}` };
}
