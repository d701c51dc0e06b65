import * as z from 'zod';
import { list, uint } from '../config/read-config.ts';

/** envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder. */
export const transcoderConfig = z
  .strictObject({
    proto_descriptor: z.string().optional(),
    proto_descriptor_bin: z.base64().optional(),
    services: z.array(z.string().min(1)).min(1),
    print_options: z
      .strictObject({
        add_whitespace: z.boolean().default(false),
        always_print_primitive_fields: z.boolean().default(false),
        always_print_enums_as_ints: z.boolean().default(false),
        preserve_proto_field_names: z.boolean().default(false),
        stream_newline_delimited: z.boolean().default(false),
        stream_sse_style_delimited: z.boolean().default(false),
      })
      .prefault({}),
    match_incoming_request_route: z.boolean().default(false),
    ignored_query_parameters: list(z.string()),
    auto_mapping: z.boolean().default(false),
    ignore_unknown_query_parameters: z.boolean().default(false),
    convert_grpc_status: z.boolean().default(false),
    url_unescape_spec: z
      .enum(['ALL_CHARACTERS_EXCEPT_RESERVED', 'ALL_CHARACTERS_EXCEPT_SLASH', 'ALL_CHARACTERS'])
      .default('ALL_CHARACTERS_EXCEPT_RESERVED'),
    query_param_unescape_plus: z.boolean().default(false),
    match_unregistered_custom_verb: z.boolean().default(false),
    request_validation_options: z
      .strictObject({
        reject_unknown_method: z.boolean().default(false),
        reject_unknown_query_parameters: z.boolean().default(false),
        reject_binding_body_field_collisions: z.boolean().default(false),
      })
      .prefault({}),
    case_insensitive_enum_parsing: z.boolean().default(false),
    max_request_body_size: uint.optional(),
    max_response_body_size: uint.optional(),
  })
  .refine(
    (value) => (value.proto_descriptor === undefined) !== (value.proto_descriptor_bin === undefined),
    'exactly one of proto_descriptor, proto_descriptor_bin is needed',
  );
/** A parsed transcoder configuration. */
export type TranscoderConfig = z.output<typeof transcoderConfig>;
