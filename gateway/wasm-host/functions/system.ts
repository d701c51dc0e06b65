import { Status } from '../status.ts';
import type { Vm } from '../vm.ts';
import { nanoseconds } from '../wasi.ts';

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'critical'] as const;
const infoLevel = 2;

/** What belongs to no stream: log, clock, timer, metrics, shared data, buffers. */
export function systemFunctions(vm: Vm) {
  const ok = (written: boolean): number => (written ? Status.Ok : Status.InvalidMemoryAccess);
  const { metrics, sharedData } = vm.options;

  /** Buffers: 4 the body of an HTTP call's response, 6 the VM's configuration, 7 the plugin's. */
  const buffer = (type: number, hostFunction: string): Uint8Array | undefined => {
    const { root } = vm.context(hostFunction);
    if (type === 4) return vm.httpCallResponse?.body;
    if (type === 6) return vm.options.vmConfiguration;
    return type === 7 ? root.config.configuration : undefined;
  };

  return {
    /** The only one of these that is allowed during the start. */
    proxy_log(level: number, messageAt: number, size: number): number {
      const message = vm.memory.text(messageAt, size);
      const name = levels[level];
      if (message === undefined) return Status.InvalidMemoryAccess;
      if (name === undefined) return Status.BadArgument;
      vm.log(name, message);
      return Status.Ok;
    },
    proxy_get_log_level(out: number): number {
      vm.context('proxy_get_log_level');
      return ok(vm.memory.writeU32(out, infoLevel));
    },
    proxy_get_current_time_nanoseconds(out: number): number {
      vm.context('proxy_get_current_time_nanoseconds');
      return ok(vm.memory.writeU64(out, nanoseconds(vm.now())));
    },
    proxy_set_tick_period_milliseconds(period: number): number {
      vm.context('proxy_set_tick_period_milliseconds').root.setTickPeriod(period >>> 0);
      return Status.Ok;
    },
    proxy_define_metric(kind: number, nameAt: number, nameSize: number, idOut: number): number {
      vm.context('proxy_define_metric');
      const name = vm.memory.text(nameAt, nameSize);
      if (name === undefined) return Status.InvalidMemoryAccess;
      const id = metrics.define(kind, name);
      return id === undefined ? Status.BadArgument : ok(vm.memory.writeU32(idOut, id));
    },
    proxy_increment_metric(id: number, offset: bigint): number {
      vm.context('proxy_increment_metric');
      return metrics.increment(id, offset) ? Status.Ok : Status.BadArgument;
    },
    proxy_record_metric(id: number, value: bigint): number {
      vm.context('proxy_record_metric');
      return metrics.record(id, value) ? Status.Ok : Status.BadArgument;
    },
    proxy_get_metric(id: number, out: number): number {
      vm.context('proxy_get_metric');
      const value = metrics.get(id);
      return value === undefined ? Status.BadArgument : ok(vm.memory.writeU64(out, value));
    },
    proxy_get_shared_data(keyAt: number, keySize: number, valueOut: number, sizeOut: number, casOut: number): number {
      vm.context('proxy_get_shared_data');
      const key = vm.memory.text(keyAt, keySize);
      if (key === undefined) return Status.InvalidMemoryAccess;
      const entry = sharedData.get(key);
      if (entry === undefined) return Status.NotFound;
      return ok(vm.memory.give(entry.value, valueOut, sizeOut) && vm.memory.writeU32(casOut, entry.cas));
    },
    proxy_set_shared_data(keyAt: number, keySize: number, valueAt: number, valueSize: number, cas: number): number {
      vm.context('proxy_set_shared_data');
      const key = vm.memory.text(keyAt, keySize);
      const value = vm.memory.copy(valueAt, valueSize);
      if (key === undefined || value === undefined) return Status.InvalidMemoryAccess;
      return sharedData.set(key, value, cas >>> 0) ? Status.Ok : Status.CasMismatch;
    },
    proxy_get_buffer_status(type: number, sizeOut: number, flagsOut: number): number {
      const bytes = buffer(type, 'proxy_get_buffer_status');
      if (bytes === undefined) return Status.NotFound;
      return ok(vm.memory.writeU32(sizeOut, bytes.length) && vm.memory.writeU32(flagsOut, 0));
    },
    proxy_get_buffer_bytes(type: number, start: number, length: number, valueOut: number, sizeOut: number): number {
      const bytes = buffer(type, 'proxy_get_buffer_bytes');
      if (bytes === undefined) return Status.NotFound;
      return ok(vm.memory.give(bytes.subarray(start >>> 0, (start >>> 0) + (length >>> 0)), valueOut, sizeOut));
    },
  };
}
