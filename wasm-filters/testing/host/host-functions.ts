import type { GuestMemory } from './guest-memory.ts';
import { HeaderList } from './header-list.ts';
import { decodePairs } from './map-format.ts';
import { readProperty } from './properties.ts';
import type { CallRequest, CallResponse } from './scripted-call.ts';
import { Status } from './status.ts';
import type { Stream } from './stream.ts';
import type { VmHost } from './vm-host.ts';

const callHeaders = 6;
const callBody = 4;
const pluginConfiguration = 7;
/** Buffers that Envoy knows are not there; any other is a mistake. */
const lastBuffer = 8;

/** What host functions see of the VM that calls them. */
interface CallingVm {
  readonly memory: GuestMemory;
  readonly around: VmHost;
  /** Of the call that is answered right now. */
  readonly response: CallResponse | undefined;
  readonly configuring: boolean;
  /** The stream that they work on; undefined: the root. Outside of calls, as in a module's start, they are not to be used at all. */
  effective(hostFunction: string): Stream | undefined;
  /** False where there is no such context any more. */
  setEffective(id: number): boolean;
  /** 0 stops the ticks. */
  setTickPeriod(milliseconds: number): void;
  startCall(request: CallRequest): number | 'unknown-cluster' | 'no-healthy-host';
}

/** What a filter can import: what ours do, and no more. Every answer is Envoy's, see host-and-envoy.test.ts. */
export function hostFunctions(vm: CallingVm) {
  const ok = (written: boolean): number => (written ? Status.Ok : Status.InvalidMemoryAccess);

  /** Request headers as long as they can be reached, or the ones of the call that is answered right now. */
  const readable = (map: number): HeaderList | undefined => {
    const stream = vm.effective('a header function');
    if (map === callHeaders) return vm.response?.headers;
    return map === 0 && stream?.open ? stream.headers : undefined;
  };
  const writable = (map: number): HeaderList | undefined => (map === callHeaders ? undefined : readable(map));

  return {
    proxy_log(level: number, at: number, size: number): number {
      const message = vm.memory.text(at, size);
      if (message === undefined) return Status.InvalidMemoryAccess;
      vm.around.log(level, message);
      return Status.Ok;
    },
    proxy_get_property(at: number, size: number, valueOut: number, sizeOut: number): number {
      const stream = vm.effective('proxy_get_property');
      const path = vm.memory.text(at, size);
      if (path === undefined) return Status.InvalidMemoryAccess;
      const value = readProperty(stream?.properties ?? {}, path);
      return typeof value === 'number' ? value : ok(vm.memory.give(value, valueOut, sizeOut));
    },
    proxy_get_header_map_value(map: number, at: number, size: number, valueOut: number, sizeOut: number): number {
      const headers = readable(map);
      const name = vm.memory.text(at, size);
      if (name === undefined) return Status.InvalidMemoryAccess;
      if (headers === undefined) return Status.BadArgument;
      const value = headers.get(name);
      return value === undefined ? Status.NotFound : ok(vm.memory.give(Buffer.from(value), valueOut, sizeOut));
    },
    proxy_replace_header_map_value(map: number, at: number, size: number, valueAt: number, valueSize: number): number {
      const headers = writable(map);
      const [name, value] = [vm.memory.text(at, size), vm.memory.text(valueAt, valueSize)];
      if (name === undefined || value === undefined) return Status.InvalidMemoryAccess;
      if (headers === undefined) return Status.BadArgument;
      headers.replace(name, value);
      return Status.Ok;
    },
    proxy_remove_header_map_value(map: number, at: number, size: number): number {
      const headers = writable(map);
      const name = vm.memory.text(at, size);
      if (name === undefined) return Status.InvalidMemoryAccess;
      if (headers === undefined) return Status.BadArgument;
      headers.remove(name);
      return Status.Ok;
    },
    proxy_get_buffer_bytes(type: number, start: number, length: number, valueOut: number, sizeOut: number): number {
      vm.effective('proxy_get_buffer_bytes');
      if (type < 0 || type > lastBuffer) return Status.BadArgument;
      let bytes: Buffer | undefined;
      if (type === callBody && vm.response?.headers !== undefined) bytes = vm.response.body;
      if (type === pluginConfiguration && vm.configuring) bytes = vm.around.configuration;
      return bytes === undefined ? Status.NotFound : ok(vm.memory.give(bytes.subarray(start, start + length), valueOut, sizeOut));
    },
    proxy_http_call(
      clusterAt: number,
      clusterSize: number,
      headersAt: number,
      headersSize: number,
      _body: number,
      _bodySize: number,
      _trailers: number,
      _trailersSize: number,
      timeoutMs: number,
      idOut: number,
    ): number {
      vm.effective('proxy_http_call');
      const [cluster, pairs] = [vm.memory.text(clusterAt, clusterSize), vm.memory.bytes(headersAt, headersSize)];
      if (cluster === undefined || pairs === undefined) return Status.InvalidMemoryAccess;
      const headers = new HeaderList(decodePairs(pairs));
      if ([':method', ':path', ':authority'].some((name) => !headers.get(name))) return Status.BadArgument;
      const call = vm.startCall({ cluster, headers, timeoutMs });
      if (call === 'unknown-cluster') return Status.BadArgument;
      return call === 'no-healthy-host' ? Status.InternalFailure : ok(vm.memory.writeU32(idOut, call));
    },
    proxy_send_local_response(
      status: number,
      detailsAt: number,
      detailsSize: number,
      bodyAt: number,
      bodySize: number,
      _headers: number,
      _headersSize: number,
      grpcStatus: number,
    ): number {
      const stream = vm.effective('proxy_send_local_response');
      const [details, body] = [vm.memory.text(detailsAt, detailsSize), vm.memory.text(bodyAt, bodySize)];
      if (details === undefined || body === undefined) return Status.InvalidMemoryAccess;
      stream?.wish({ status, body, grpcStatus, details });
      return Status.Ok;
    },
    proxy_continue_stream(type: number): number {
      const stream = vm.effective('proxy_continue_stream');
      if (type !== 0) return Status.BadArgument;
      stream?.wish('continue');
      return Status.Ok;
    },
    proxy_set_effective_context(id: number): number {
      vm.effective('proxy_set_effective_context');
      return vm.setEffective(id) ? Status.Ok : Status.BadArgument;
    },
    proxy_set_tick_period_milliseconds(period: number): number {
      vm.effective('proxy_set_tick_period_milliseconds');
      vm.setTickPeriod(period);
      return Status.Ok;
    },
    proxy_get_current_time_nanoseconds(out: number): number {
      vm.effective('proxy_get_current_time_nanoseconds');
      return ok(vm.memory.writeU64(out, BigInt(Date.now()) * 1_000_000n));
    },
    proxy_define_metric(kind: number, at: number, size: number, idOut: number): number {
      vm.effective('proxy_define_metric');
      const name = vm.memory.text(at, size);
      if (name === undefined) return Status.InvalidMemoryAccess;
      return kind > 2 ? Status.BadArgument : ok(vm.memory.writeU32(idOut, vm.around.defineMetric(name)));
    },
    proxy_increment_metric(id: number, difference: bigint): number {
      vm.effective('proxy_increment_metric');
      return vm.around.addToMetric(id, difference) ? Status.Ok : Status.NotFound;
    },
  };
}
