import { Status } from '../status.ts';
import type { Vm } from '../vm.ts';
import { readHeaderList } from './headers.ts';

const requiredHeaders = [':method', ':path', ':authority'];

/** HTTP calls. */
export function callFunctions(vm: Vm) {
  return {
    proxy_http_call(
      clusterAt: number,
      clusterSize: number,
      headersAt: number,
      headersSize: number,
      bodyAt: number,
      bodySize: number,
      trailersAt: number,
      trailersSize: number,
      timeoutMs: number,
      idOut: number,
    ): number {
      const { root } = vm.context('proxy_http_call');
      const cluster = vm.memory.text(clusterAt, clusterSize);
      const pairs = vm.memory.copy(headersAt, headersSize);
      const body = vm.memory.copy(bodyAt, bodySize);
      const trailers = vm.memory.copy(trailersAt, trailersSize);
      if (cluster === undefined || pairs === undefined || body === undefined || trailers === undefined) return Status.InvalidMemoryAccess;
      const headers = readHeaderList(pairs);
      // No plugin sends trailers, and the environment has no place for them.
      if (headers === undefined || readHeaderList(trailers)?.size !== 0) return Status.BadArgument;
      if (requiredHeaders.some((name) => !headers.get(name))) return Status.BadArgument;
      if (!vm.memory.writeU32(idOut, 0)) return Status.InvalidMemoryAccess;
      const call = root.httpCall({ cluster, headers, body, timeoutMs: timeoutMs >>> 0 });
      if (call === 'unknown-cluster') return Status.BadArgument;
      if (call === 'no-healthy-host') return Status.InternalFailure;
      vm.memory.writeU32(idOut, call);
      return Status.Ok;
    },
  };
}
