import { alreadyExists, invalidArgument, notFound } from '../google-api/api-error.ts';
import { fromMs } from '../google-api/protobuf-time.ts';
import { type AskedQueue, checkedQueue } from './queue-rules.ts';
import { QueueRunner, type QueueRunnerParts } from './queue-runner.ts';
import { type Queue, queueOf, type StoredTask } from './resources.ts';
import { type AskedTask, checkedTask } from './task-rules.ts';

/** The queues and their tasks. */
export class TaskQueues {
  readonly #parts: QueueRunnerParts;
  readonly #runners = new Map<string, QueueRunner>();
  #running = false;

  constructor(parts: QueueRunnerParts) {
    this.#parts = parts;
    for (const queue of parts.store.queues()) this.#runners.set(queue.name, new QueueRunner(parts, queue));
  }

  /** Begins to dispatch. */
  start(): void {
    this.#running = true;
    for (const runner of this.#runners.values()) runner.start();
  }

  queues(): Queue[] {
    return [...this.#runners.values()].map(({ queue }) => queue);
  }

  /** @throws ApiError NOT_FOUND */
  queue(name: string): Queue {
    return this.#runner(name).queue;
  }

  /** @throws ApiError ALREADY_EXISTS, INVALID_ARGUMENT */
  createQueue(parent: string, asked: AskedQueue): Queue {
    const queue = checkedQueue(parent, asked);
    if (this.#runners.has(queue.name)) throw alreadyExists(queue.name);
    this.#parts.store.putQueue(queue);
    const runner = new QueueRunner(this.#parts, queue);
    this.#runners.set(queue.name, runner);
    if (this.#running) runner.start();
    return queue;
  }

  /** Changes limits and policy; creates the queue where it is missing, as Cloud Tasks does. */
  updateQueue(asked: AskedQueue): Queue {
    const parent = asked.name.slice(0, Math.max(0, asked.name.lastIndexOf('/queues/')));
    const runner = this.#runners.get(asked.name);
    if (runner === undefined) return this.createQueue(parent, asked);
    const { state, purgeTime } = runner.queue;
    runner.update({ ...checkedQueue(parent, asked), state, purgeTime });
    return runner.queue;
  }

  /** @throws ApiError NOT_FOUND */
  setState(name: string, state: Queue['state']): Queue {
    const runner = this.#runner(name);
    runner.update({ ...runner.queue, state });
    return runner.queue;
  }

  /** Deletes all tasks of a queue. */
  purge(name: string): Queue {
    const runner = this.#runner(name);
    for (const task of this.#parts.store.tasks(name)) runner.remove(task.name);
    runner.update({ ...runner.queue, purgeTime: fromMs(this.#parts.clock.now()) });
    return runner.queue;
  }

  /**
   * Takes a task in. When this returns, it is committed to disk.
   *
   * @throws ApiError NOT_FOUND (the queue), ALREADY_EXISTS (the name, also for a day after its task is over), INVALID_ARGUMENT
   */
  createTask(queueName: string, asked: AskedTask | null): StoredTask {
    const runner = this.#runner(queueName);
    if (asked === null) throw invalidArgument('task is required');
    const { clock, store } = this.#parts;
    const task = checkedTask(queueName, asked, clock.now());
    if (store.task(task.name) !== undefined || store.isNameUsed(task.name, clock.now())) throw alreadyExists(task.name);
    store.insert(task);
    runner.add(task);
    return task;
  }

  tasks(queueName: string): StoredTask[] {
    return this.#parts.store.tasks(this.queue(queueName).name);
  }

  /** @throws ApiError NOT_FOUND */
  task(name: string): StoredTask {
    const task = this.#parts.store.task(name);
    if (task === undefined) throw notFound(name);
    return task;
  }

  /** @throws ApiError NOT_FOUND */
  deleteTask(name: string): void {
    this.#runner(queueOf(this.task(name).name)).remove(name);
  }

  /** Dispatches a task now. @throws ApiError NOT_FOUND */
  runTask(name: string): StoredTask {
    const task = this.task(name);
    this.#runner(queueOf(name)).run(task);
    return this.#parts.store.task(name) ?? task;
  }

  close(): void {
    for (const runner of this.#runners.values()) runner.close();
  }

  #runner(name: string): QueueRunner {
    const runner = this.#runners.get(name);
    if (runner === undefined) throw notFound(name);
    return runner;
  }
}
