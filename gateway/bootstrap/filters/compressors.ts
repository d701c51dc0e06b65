import type { GatewayEnvironment } from '../gateway-environment.ts';
import { any, type JsonObject } from '../json.ts';

/**
 * Compress JSON by what the client prefers; where it has no preference by brotli, which makes less of it. They stand before the transcoder, since
 * responses run through the filters in reverse.
 */
export function compressors({ compression }: GatewayEnvironment) {
  if (!compression) return [];
  return [
    compressor('brotli', any('envoy.extensions.compression.brotli.compressor.v3.Brotli', { quality: 4 }), true),
    compressor('gzip', any('envoy.extensions.compression.gzip.compressor.v3.Gzip'), false),
  ];
}

function compressor(name: string, library: JsonObject, first: boolean) {
  return {
    name: `envoy.filters.http.compressor.${name}`,
    typed_config: any('envoy.extensions.filters.http.compressor.v3.Compressor', {
      response_direction_config: {
        common_config: { min_content_length: 1024, content_type_matcher: [{ exact: 'application/json' }] },
      },
      choose_first: first,
      compressor_library: { name, typed_config: library },
    }),
  };
}
