import type { Surroundings } from '../surroundings.ts';
import type { LabListener } from './lab-bootstrap.ts';
import { any, filter, type Json, to } from './messages.ts';

function wasm(name: string, code: string, configuration: string, more: Json = {}): Json {
  return filter('wasm', 'Wasm', {
    config: {
      name,
      root_id: name,
      vm_config: { vm_id: name, runtime: 'envoy.wasm.runtime.v8', code: { local: { filename: code } } },
      configuration: any('google.protobuf.StringValue', { value: configuration }),
      ...more,
    },
  });
}

/** A plugin that traps on demand. */
export function trapListener({ files }: Surroundings, policy: 'FAIL_CLOSED' | 'FAIL_RELOAD'): LabListener {
  return { filters: [wasm(policy.toLowerCase(), files.trap, '', { failure_policy: policy })], routes: [to('/', 'main')] };
}

/** The token filter right behind the transcoder: nothing between them resolves the route again. */
export function staleListener({ files }: Surroundings): LabListener {
  const configuration = {
    metadata_cluster: 'metadata',
    token_header: 'x-serverless-authorization',
    audiences: { main: 'https://main.example', other: 'https://other.example' },
  };
  return {
    filters: [
      filter('grpc_json_transcoder', 'GrpcJsonTranscoder', { proto_descriptor: files.forms, services: ['testing.v1.FormsService'] }),
      wasm('metadata-token', 'wasm-filters/build/metadata-token.wasm', JSON.stringify(configuration)),
    ],
    routes: [to('/testing.v1.FormsService', 'main'), to('/', 'other')],
  };
}
