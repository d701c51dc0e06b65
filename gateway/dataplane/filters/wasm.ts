import * as z from 'zod';
import { createPlugin } from '../../wasm-host/create-plugin.ts';
import type { HeaderMap, Plugin, PluginStream, PropertyValue, StreamEnvironment, StreamMap } from '../../wasm-host/host.ts';
import { anyConfig, ConfigError, dataSource, readConfig } from '../config/read-config.ts';
import type { FilterContext, FilterFactory } from '../filter-factory.ts';
import { Headers } from '../header-map.ts';
import { httpCall } from '../http-call.ts';
import type { FilterStatus, HttpFilter } from '../http-filter.ts';
import type { HttpStream, LocalReply } from '../http-stream.ts';
import { streamProperty } from '../wasm-properties.ts';

const name = 'envoy.filters.http.wasm';

const config = z.strictObject({
  config: z.strictObject({
    name: z.string().default(''),
    root_id: z.string().default(''),
    vm_config: z.strictObject({
      vm_id: z.string().default(''),
      runtime: z.enum(['envoy.wasm.runtime.v8', 'envoy.wasm.runtime.wamr', 'envoy.wasm.runtime.wasmtime']),
      code: z.strictObject({ local: dataSource }),
      configuration: anyConfig.optional(),
      allow_precompiled: z.boolean().optional(),
    }),
    configuration: anyConfig.optional(),
    failure_policy: z.enum(['UNSPECIFIED', 'FAIL_CLOSED', 'FAIL_RELOAD']).default('UNSPECIFIED'),
    reload_config: z.json().optional(),
    allow_on_headers_stop_iteration: z.boolean().optional(),
  }),
});

/** Runs a proxy-wasm plugin. */
export const wasm: FilterFactory = {
  name,
  type: 'envoy.extensions.filters.http.wasm.v3.Wasm',
  create: async (fields, context) => {
    const { config: plugin } = readConfig(config, fields, context.path);
    const vm = plugin.vm_config;
    const created = await createPlugin(
      {
        name: plugin.name,
        rootId: plugin.root_id,
        vmId: vm.vm_id,
        code: vm.code.local,
        vmConfiguration: bytesOf(vm.configuration, `${context.path}.config.vm_config.configuration`),
        configuration: bytesOf(plugin.configuration, `${context.path}.config.configuration`),
        failurePolicy: plugin.failure_policy === 'FAIL_RELOAD' ? 'fail-reload' : 'fail-closed',
      },
      environmentOf(plugin.name, context),
    );
    context.onClose(() => created.close());
    context.stats.onCollect(() => {
      for (const { name: metric, kind, value } of created.metrics()) {
        if (kind !== 'histogram') context.stats[kind](`wasmcustom_${metric.replace(/[^a-zA-Z0-9_]/g, '_')}`).value = Number(value);
      }
    });
    return new WasmFilter(created, context.slot);
  },
};

/** A plugin's configuration: the text of a StringValue or the bytes of a BytesValue, as Envoy hands them over. */
function bytesOf(any: z.output<typeof anyConfig> | undefined, path: string): Uint8Array {
  if (any === undefined) return new Uint8Array();
  const value = any.value;
  if (any['@type'] === 'type.googleapis.com/google.protobuf.StringValue' && typeof value === 'string') return Buffer.from(value);
  if (any['@type'] === 'type.googleapis.com/google.protobuf.BytesValue' && typeof value === 'string') return Buffer.from(value, 'base64');
  if (any['@type'] === 'type.googleapis.com/google.protobuf.Struct') return Buffer.from(JSON.stringify(value));
  throw new ConfigError(`${path}.@type: ${any['@type']} is not supported by the embedded data plane`);
}

function environmentOf(plugin: string, { clusters, log, now }: FilterContext): Parameters<typeof createPlugin>[1] {
  const severities = { trace: 'DEBUG', debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR', critical: 'ERROR' } as const;
  return {
    now,
    log: (level, message) => log(severities[level], message, { plugin }),
    httpCall: (request, done) => {
      const cluster = clusters.get(request.cluster);
      if (cluster === undefined) return 'unknown-cluster';
      const headers = request.headers instanceof Headers ? request.headers : new Headers([...request.headers.entries()].flat());
      const call = httpCall(
        cluster,
        { headers, body: request.body, timeoutMs: request.timeoutMs },
        ({ status, headers: answer, trailers, body }) => {
          // A reset has no headers; other failures are answers.
          const known = answer ?? (status === 0 ? undefined : new Headers([':status', String(status)]));
          done({ headers: known, body, trailers });
        },
      );
      return call ?? 'no-healthy-host';
    },
  };
}

class WasmFilter implements HttpFilter {
  readonly name = name;
  readonly #plugin: Plugin;
  readonly #slot: number;

  constructor(plugin: Plugin, slot: number) {
    this.#plugin = plugin;
    this.#slot = slot;
  }

  decodeHeaders(stream: HttpStream, endStream: boolean): FilterStatus {
    const plugin = this.#plugin.createStream(new StreamPort(stream));
    stream.state[this.#slot] = plugin;
    return plugin.onRequestHeaders(endStream);
  }

  encodeHeaders(stream: HttpStream, _headers: Headers, endStream: boolean): FilterStatus {
    return (stream.state[this.#slot] as PluginStream | undefined)?.onResponseHeaders(endStream) ?? 'continue';
  }

  onDone(stream: HttpStream): void {
    (stream.state[this.#slot] as PluginStream | undefined)?.onDone();
  }
}

/** What a plugin sees of one stream. */
class StreamPort implements StreamEnvironment {
  readonly #stream: HttpStream;

  constructor(stream: HttpStream) {
    this.#stream = stream;
  }

  headers(map: StreamMap): HeaderMap | undefined {
    if (map === 'request-headers') return this.#stream.upstream === undefined ? this.#stream.request : undefined;
    if (map === 'response-headers') return this.#stream.responseStarted ? undefined : this.#stream.response;
    return map === 'response-trailers' ? this.#stream.responseTrailers : undefined;
  }

  property(path: readonly string[]): PropertyValue {
    return streamProperty(this.#stream, path);
  }

  clearRouteCache(): void {
    this.#stream.clearRouteCache();
  }

  continueRequest(): void {
    this.#stream.continueRequest();
  }

  sendLocalReply({ status, body, headers, grpcStatus, details }: Parameters<StreamEnvironment['sendLocalReply']>[0]): void {
    const reply: LocalReply = { status, body, headers, details, ...(grpcStatus >= 0 && { grpcStatus }) };
    this.#stream.sendLocalReply(reply);
  }
}
