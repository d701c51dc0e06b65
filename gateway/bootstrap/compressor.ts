import { any, type JsonObject } from './json.ts';

/** Compresses JSON. It stands before the transcoder, since responses run through the filters in reverse. */
export function compressor(): JsonObject {
  return {
    name: 'envoy.filters.http.compressor',
    typed_config: any('envoy.extensions.filters.http.compressor.v3.Compressor', {
      response_direction_config: { common_config: { min_content_length: 1024, content_type: ['application/json'] } },
      compressor_library: {
        name: 'gzip',
        typed_config: any('envoy.extensions.compression.gzip.compressor.v3.Gzip'),
      },
    }),
  };
}
