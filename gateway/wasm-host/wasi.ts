import { randomFillSync } from 'node:crypto';
import type { Vm } from './vm.ts';

const success = 0;
const badFile = 8;
const invalid = 28;
const fault = 21;

/** The few functions of WASI preview 1 that compilers' start code and clocks use: no files, no environment, no arguments. Allowed during the start. */
export function wasiFunctions(vm: Vm): Record<string, (...args: never[]) => unknown> {
  const nothing = (countOut: number, sizeOut: number): number =>
    vm.memory.writeU32(countOut, 0) && vm.memory.writeU32(sizeOut, 0) ? success : fault;
  return {
    clock_time_get(clock: number, _precision: bigint, out: number): number {
      if (clock !== 0 && clock !== 1) return invalid;
      return vm.memory.writeU64(out, nanoseconds(vm.now())) ? success : fault;
    },
    random_get(pointer: number, size: number): number {
      const bytes = vm.memory.copy(pointer, size);
      return bytes !== undefined && vm.memory.write(pointer, randomFillSync(bytes)) ? success : fault;
    },
    /** Standard output and error go to the log. */
    fd_write(file: number, vectors: number, count: number, writtenOut: number): number {
      if (file !== 1 && file !== 2) return badFile;
      let text = '';
      let written = 0;
      for (let i = 0; i < count; i++) {
        const size = vm.memory.readU32(vectors + i * 8 + 4);
        const part = vm.memory.text(vm.memory.readU32(vectors + i * 8) ?? -1, size ?? 1);
        if (part === undefined || size === undefined) return fault;
        text += part;
        written += size;
      }
      vm.log(file === 1 ? 'info' : 'error', text.trimEnd());
      return vm.memory.writeU32(writtenOut, written) ? success : fault;
    },
    environ_sizes_get: nothing,
    environ_get: () => success,
    args_sizes_get: nothing,
    args_get: () => success,
    proc_exit(code: number): never {
      throw new Error(`the plugin ended itself with exit code ${code}`);
    },
  };
}

/** Whole nanoseconds of milliseconds with fractions; a plain product would lose the last digits. */
export function nanoseconds(milliseconds: number): bigint {
  const whole = Math.floor(milliseconds);
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((milliseconds - whole) * 1e6));
}
