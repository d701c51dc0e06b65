import { Status } from '../status.ts';
import { StreamContext } from '../stream-context.ts';
import type { Vm } from '../vm.ts';
import { readHeaderPairs } from './headers.ts';

const request = 0;

/** What a plugin does to streams. */
export function streamFunctions(vm: Vm) {
  return {
    proxy_send_local_response(
      status: number,
      detailsAt: number,
      detailsSize: number,
      bodyAt: number,
      bodySize: number,
      headersAt: number,
      headersSize: number,
      grpcStatus: number,
    ): number {
      const context = vm.context('proxy_send_local_response');
      const details = vm.memory.text(detailsAt, detailsSize);
      const body = vm.memory.copy(bodyAt, bodySize);
      const pairs = vm.memory.copy(headersAt, headersSize);
      if (details === undefined || body === undefined || pairs === undefined) return Status.InvalidMemoryAccess;
      const headers = readHeaderPairs(pairs);
      if (!(context instanceof StreamContext) || headers === undefined || status < 200 || status > 599) return Status.BadArgument;
      context.sendLocalReply({ status, body, headers, grpcStatus, details });
      return Status.Ok;
    },
    proxy_continue_stream(stream: number): number {
      const context = vm.context('proxy_continue_stream');
      if (!(context instanceof StreamContext)) return Status.BadArgument;
      // The proxy resumes requests only.
      if (stream !== request) return stream >= 0 && stream <= 3 ? Status.Unimplemented : Status.BadArgument;
      context.continueRequest();
      return Status.Ok;
    },
    proxy_set_effective_context(id: number): number {
      vm.context('proxy_set_effective_context');
      return vm.setEffectiveContext(id) ? Status.Ok : Status.BadArgument;
    },
    proxy_done(): number {
      const context = vm.context('proxy_done');
      return context instanceof StreamContext && context.finish() ? Status.Ok : Status.NotFound;
    },
    proxy_call_foreign_function(
      nameAt: number,
      nameSize: number,
      _argument: number,
      _size: number,
      resultOut: number,
      sizeOut: number,
    ): number {
      const context = vm.context('proxy_call_foreign_function');
      const name = vm.memory.text(nameAt, nameSize);
      if (name === undefined) return Status.InvalidMemoryAccess;
      if (name !== 'clear_route_cache') return Status.NotFound;
      if (!(context instanceof StreamContext)) return Status.BadArgument;
      context.environment.clearRouteCache();
      if (resultOut !== 0) vm.memory.writeU32(resultOut, 0);
      if (sizeOut !== 0) vm.memory.writeU32(sizeOut, 0);
      return Status.Ok;
    },
  };
}
