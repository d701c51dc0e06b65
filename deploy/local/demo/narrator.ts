import { setTimeout as delay } from 'node:timers/promises';
import { errorText } from '../../../services/platform/contracts/error-text.ts';

/** A step of the story and whether what it left was read back as expected. */
export interface Step {
  readonly title: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly detail?: string;
}

/** A step's state was not what the story expects. */
class StepFailed extends Error {
  override readonly name = 'StepFailed';
}

const patienceMs = 30_000;
const lookEveryMs = 50;

/** Tells the story step by step. */
export class Narrator {
  readonly steps: Step[] = [];
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** Opens a chapter. */
  chapter(title: string): void {
    this.#print(`\n${title}`);
  }

  /** Runs one step and shows how it went. @throws what the step throws, after it was told. */
  async step<T>(title: string, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      const result = await work();
      this.#tell({ title, ok: true, ms: Math.round(performance.now() - startedAt) });
      return result;
    } catch (error) {
      this.#tell({ title, ok: false, ms: Math.round(performance.now() - startedAt), detail: errorText(error) });
      throw error;
    }
  }

  #tell(step: Step): void {
    this.steps.push(step);
    this.#print(`  ${step.ok ? '✓' : '✗'} ${step.title} (${step.ms} ms)${step.detail === undefined ? '' : `\n      ${step.detail}`}`);
  }
}

/** Looks again until what is read is as expected. @throws {StepFailed} with what was read last. */
export async function eventually<T>(read: () => Promise<T>, expected: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const value = await read();
    if (expected(value)) return value;
    if (Date.now() > deadline) throw new StepFailed(`after ${patienceMs / 1000} s it still reads ${JSON.stringify(value, plain)}`);
    await delay(lookEveryMs);
  }
}

/** Fails the step unless the condition holds. */
export function expect(condition: boolean, what: string): void {
  if (!condition) throw new StepFailed(what);
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
