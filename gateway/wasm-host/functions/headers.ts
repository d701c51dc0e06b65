import { HeaderList } from '../header-list.ts';
import type { HeaderMap } from '../host.ts';
import { decodePairs, encodePairs } from '../map-format.ts';
import { Status } from '../status.ts';
import { StreamContext } from '../stream-context.ts';
import type { Vm } from '../vm.ts';

const responseMap = 6;
const responseTrailers = 7;

/** Header maps: 0 and 1 of the request, 2 and 3 of the response, 6 and 7 of an HTTP call's response during its callback. */
export function headerFunctions(vm: Vm) {
  const readable = (map: number, name: string): HeaderMap | undefined => {
    const context = vm.context(name);
    if (map === responseMap) return vm.httpCallResponse?.headers;
    if (map === responseTrailers) return vm.httpCallResponse?.trailers;
    return context instanceof StreamContext ? context.readable(map) : undefined;
  };
  const writable = (name: string, map: number): HeaderMap | undefined => {
    const context = vm.context(name);
    return context instanceof StreamContext ? context.writable(map) : undefined;
  };
  const changed = (map: number): number => {
    (vm.context('') as StreamContext).onHeadersChanged(map);
    return Status.Ok;
  };

  return {
    proxy_get_header_map_value(map: number, key: number, keySize: number, valueOut: number, sizeOut: number): number {
      const headers = readable(map, 'proxy_get_header_map_value');
      const name = vm.memory.headerName(key, keySize);
      if (name === undefined) return Status.InvalidMemoryAccess;
      if (headers === undefined) return Status.BadArgument;
      const value = name === null ? undefined : headers.get(name);
      if (value === undefined) return Status.NotFound;
      return vm.memory.giveLatin1(value, valueOut, sizeOut) ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_add_header_map_value(map: number, key: number, keySize: number, valueAt: number, valueSize: number): number {
      const headers = writable('proxy_add_header_map_value', map);
      const name = vm.memory.headerName(key, keySize);
      const value = vm.memory.headerValue(valueAt, valueSize);
      if (name === undefined || value === undefined) return Status.InvalidMemoryAccess;
      if (headers === undefined || name === null || value === null) return Status.BadArgument;
      headers.add(name, value);
      return changed(map);
    },
    proxy_replace_header_map_value(map: number, key: number, keySize: number, valueAt: number, valueSize: number): number {
      const headers = writable('proxy_replace_header_map_value', map);
      const name = vm.memory.headerName(key, keySize);
      const value = vm.memory.headerValue(valueAt, valueSize);
      if (name === undefined || value === undefined) return Status.InvalidMemoryAccess;
      if (headers === undefined || name === null || value === null) return Status.BadArgument;
      headers.set(name, value);
      return changed(map);
    },
    proxy_remove_header_map_value(map: number, key: number, keySize: number): number {
      const headers = writable('proxy_remove_header_map_value', map);
      const name = vm.memory.headerName(key, keySize);
      if (name === undefined) return Status.InvalidMemoryAccess;
      if (headers === undefined || name === null) return Status.BadArgument;
      headers.remove(name);
      return changed(map);
    },
    proxy_get_header_map_pairs(map: number, pairsOut: number, sizeOut: number): number {
      const headers = readable(map, 'proxy_get_header_map_pairs');
      if (headers === undefined) return Status.BadArgument;
      const pairs = Array.from(headers.entries(), ([name, value]) => [Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1')] as const);
      return vm.memory.give(encodePairs(pairs), pairsOut, sizeOut) ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_set_header_map_pairs(map: number, pairsAt: number, size: number): number {
      const headers = writable('proxy_set_header_map_pairs', map);
      const bytes = vm.memory.copy(pairsAt, size);
      if (bytes === undefined) return Status.InvalidMemoryAccess;
      const pairs = readHeaderPairs(bytes);
      if (headers === undefined || pairs === undefined) return Status.BadArgument;
      for (const name of new Set(Array.from(headers.entries(), ([key]) => key))) headers.remove(name);
      for (const [name, value] of pairs) headers.add(name, value);
      return changed(map);
    },
    /** In bytes, as in Envoy. */
    proxy_get_header_map_size(map: number, sizeOut: number): number {
      const headers = readable(map, 'proxy_get_header_map_size');
      if (headers === undefined) return Status.BadArgument;
      let size = 0;
      for (const [name, value] of headers.entries()) size += name.length + value.length;
      return vm.memory.writeU32(sizeOut, size) ? Status.Ok : Status.InvalidMemoryAccess;
    },
  };
}

/** Headers in the map format; undefined where they are not well formed. */
export function readHeaderPairs(bytes: Buffer): (readonly [string, string])[] | undefined {
  const pairs = decodePairs(bytes)?.map(([name, value]) => [name.toString('latin1').toLowerCase(), value.toString('latin1')] as const);
  const wellFormed = pairs?.every(([name, value]) => /^[!-9;-~]+$|^:[a-z]+$/.test(name) && !/[\0\r\n]/.test(value));
  return wellFormed ? pairs : undefined;
}

/** The same as a header map of its own. */
export function readHeaderList(bytes: Buffer): HeaderList | undefined {
  const pairs = readHeaderPairs(bytes);
  return pairs && new HeaderList(pairs);
}
