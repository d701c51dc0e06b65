import type { Surroundings } from '../surroundings.ts';
import type { LabListener } from './lab-bootstrap.ts';
import { filter, to } from './messages.ts';

/** The transcoder with its defaults, on methods of every form. */
export function formsListener({ files }: Surroundings): LabListener {
  return {
    filters: [
      filter('grpc_json_transcoder', 'GrpcJsonTranscoder', {
        proto_descriptor: files.forms,
        services: ['testing.v1.FormsService'],
        convert_grpc_status: true,
      }),
    ],
    routes: [to('/', 'main')],
  };
}

/** The transcoder with the options that nobody else has. */
export function linesListener({ files }: Surroundings): LabListener {
  return {
    filters: [
      filter('grpc_json_transcoder', 'GrpcJsonTranscoder', {
        proto_descriptor: files.forms,
        services: ['testing.v1.FormsService'],
        print_options: { stream_sse_style_delimited: true, stream_newline_delimited: true, preserve_proto_field_names: true },
        url_unescape_spec: 'ALL_CHARACTERS',
        query_param_unescape_plus: true,
        max_request_body_size: 1000,
        ignore_unknown_query_parameters: true,
      }),
    ],
    // The route of the REST path stands apart: it is left when the transcoder clears the route cache.
    routes: [to('/testing.v1.FormsService', 'main'), to('/', 'other')],
  };
}
