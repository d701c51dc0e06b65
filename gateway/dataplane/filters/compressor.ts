import { createGzip, type Gzip, constants as zlib } from 'node:zlib';
import * as z from 'zod';
import { runtimeFlag } from '../config/matcher-config.ts';
import { extensionConfig, list, readConfig, uint, unpackAny } from '../config/read-config.ts';
import type { FilterFactory } from '../filter-factory.ts';
import type { Headers } from '../header-map.ts';
import type { HttpFilter } from '../http-filter.ts';
import type { HttpStream } from '../http-stream.ts';

const name = 'envoy.filters.http.compressor';

// Envoy's defaults.
const defaultTypes = [
  'text/html',
  'text/plain',
  'text/css',
  'application/javascript',
  'application/x-javascript',
  'text/javascript',
  'text/x-javascript',
  'text/ecmascript',
  'text/js',
  'text/jscript',
  'text/x-js',
  'application/ecmascript',
  'application/x-json',
  'application/xml',
  'application/json',
  'image/svg+xml',
  'text/xml',
  'application/xhtml+xml',
  'application/grpc-web',
  'application/grpc-web+proto',
];

const gzipConfig = z.strictObject({
  memory_level: uint.optional(),
  compression_level: z.string().optional(),
  compression_strategy: z.string().optional(),
  window_bits: uint.optional(),
  chunk_size: uint.optional(),
});
const config = z.strictObject({
  compressor_library: extensionConfig,
  response_direction_config: z
    .strictObject({
      common_config: z
        .strictObject({ enabled: runtimeFlag.optional(), min_content_length: uint.default(30), content_type: list(z.string()) })
        .prefault({}),
      disable_on_etag_header: z.boolean().default(false),
      remove_accept_encoding_header: z.boolean().default(false),
    })
    .prefault({}),
});

/** Compresses responses with gzip, where client and content type take it. */
export const compressor: FilterFactory = {
  name,
  type: 'envoy.extensions.filters.http.compressor.v3.Compressor',
  create: (fields, { path, slot }) => {
    const parsed = readConfig(config, fields, path);
    unpackAny(
      'envoy.extensions.compression.gzip.compressor.v3.Gzip',
      gzipConfig,
      parsed.compressor_library.typed_config,
      `${path}.compressor_library.typed_config`,
    );
    return new Compressor(parsed.response_direction_config, slot);
  },
};

class Compressor implements HttpFilter {
  readonly name = name;
  readonly #config: z.output<typeof config>['response_direction_config'];
  readonly #types: readonly string[];
  readonly #slot: number;

  constructor(options: z.output<typeof config>['response_direction_config'], slot: number) {
    this.#config = options;
    this.#types = options.common_config.content_type.length > 0 ? options.common_config.content_type : defaultTypes;
    this.#slot = slot;
  }

  decodeHeaders(stream: HttpStream): 'continue' {
    const accepted = stream.request.getAll('accept-encoding');
    if (accepted !== undefined && acceptsGzip(accepted)) stream.state[this.#slot] = 'accepted';
    if (this.#config.remove_accept_encoding_header) stream.request.remove('accept-encoding');
    return 'continue';
  }

  encodeHeaders(stream: HttpStream, headers: Headers, endStream: boolean): 'continue' {
    if (endStream || !this.#isCompressible(headers)) return 'continue';
    headers.add('vary', 'Accept-Encoding');
    if (stream.state[this.#slot] !== 'accepted') return 'continue';
    headers.set('content-encoding', 'gzip');
    headers.remove('content-length');
    const etag = headers.get('etag');
    if (etag !== undefined && !etag.startsWith('W/')) headers.remove('etag');
    stream.state[this.#slot] = this.#open(stream);
    stream.interceptData(this, this.#slot);
    return 'continue';
  }

  #isCompressible(headers: Headers): boolean {
    const { enabled, min_content_length: min } = this.#config.common_config;
    const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
    const length = headers.get('content-length');
    return (
      enabled !== false &&
      type !== undefined &&
      this.#types.includes(type) &&
      (length === undefined || Number(length) >= min) &&
      headers.get('content-encoding') === undefined &&
      !/no-transform/i.test(headers.get('cache-control') ?? '') &&
      !(this.#config.disable_on_etag_header && headers.get('etag') !== undefined)
    );
  }

  #open(stream: HttpStream): Gzip {
    // Streams reach the client at once, so that a watcher sees each message.
    const gzip = createGzip({ flush: zlib.Z_SYNC_FLUSH });
    gzip.on('data', (chunk: Buffer) => {
      if (!stream.done) stream.injectData(this.#slot, chunk, false);
    });
    return gzip;
  }

  encodeData(stream: HttpStream, chunk: Buffer, endStream: boolean): undefined {
    const gzip = stream.state[this.#slot] as Gzip;
    gzip.write(chunk);
    if (!endStream) return;
    gzip.end();
    gzip.once('end', () => {
      if (!stream.done) stream.injectData(this.#slot, Buffer.alloc(0), true);
    });
  }

  encodeTrailers(stream: HttpStream, trailers: Headers): 'stop' {
    const gzip = stream.state[this.#slot] as Gzip;
    gzip.end();
    gzip.once('end', () => {
      if (!stream.done) stream.finishTrailers(trailers);
    });
    return 'stop';
  }

  onDone(stream: HttpStream): void {
    const gzip = stream.state[this.#slot];
    if (typeof gzip === 'object') (gzip as Gzip).close();
  }
}

function acceptsGzip(header: string): boolean {
  for (const part of header.toLowerCase().split(',')) {
    const [coding, ...parameters] = part.trim().split(';');
    if (coding !== 'gzip' && coding !== '*') continue;
    return !parameters.some((parameter) => /^\s*q=0(\.0*)?\s*$/.test(parameter));
  }
  return false;
}
