import { readConfig } from '../config/read-config.ts';
import type { FilterFactory } from '../filter-factory.ts';
import type { Headers } from '../header-map.ts';
import { type FilterStatus, type HttpFilter, LocalReplyError, type RequestTransform } from '../http-filter.ts';
import type { HttpStream } from '../http-stream.ts';
import { isGrpcContentType } from '../matchers.ts';
import { JsonArraySplitter } from '../transcoder/json-array-splitter.ts';
import { compileMethods, type MethodTable } from '../transcoder/method-table.ts';
import { type MatchedRequest, RequestTranscoder } from '../transcoder/request-transcoder.ts';
import { type ResponseOptions, ResponseTranscoder } from '../transcoder/response-transcoder.ts';
import { type TranscoderConfig, transcoderConfig } from '../transcoder/transcoder-config.ts';

const name = 'envoy.filters.http.grpc_json_transcoder';
// The stream's buffer limit, where the filter has none of its own.
const defaultLimit = 1024 * 1024;

interface TranscodedStream {
  readonly matched: MatchedRequest;
  readonly response: ResponseTranscoder;
  /** Set where the request ended with its headers: then it was transcoded at once. */
  readonly encoded: Buffer | undefined;
  /** The array of a client stream. */
  readonly array: JsonArraySplitter | undefined;
  /** Messages of the array so far. */
  messages: number;
}

/** Turns REST requests into gRPC and their responses back, by google.api.http rules. */
export const grpcJsonTranscoder: FilterFactory = {
  name,
  type: 'envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder',
  create: (fields, { path, slot }) => {
    const config = readConfig(transcoderConfig, fields, path);
    return new GrpcJsonTranscoder(config, compileMethods(config, path), slot);
  },
};

class GrpcJsonTranscoder implements HttpFilter {
  readonly name = name;
  readonly #config: TranscoderConfig;
  readonly #slot: number;
  readonly #request: RequestTranscoder;
  readonly #responseOptions: ResponseOptions;
  readonly #limit: number;
  readonly #transform: RequestTransform;
  readonly #arrayTransform: RequestTransform;

  constructor(config: TranscoderConfig, table: MethodTable, slot: number) {
    this.#config = config;
    this.#slot = slot;
    this.#request = new RequestTranscoder(config, table);
    this.#responseOptions = { config, registry: table.registry, filter: this, slot, limit: config.max_response_body_size ?? defaultLimit };
    this.#limit = config.max_request_body_size ?? defaultLimit;
    this.#transform = {
      kind: 'whole',
      limit: this.#limit,
      tooLarge: "Request rejected because the transcoder's internal buffer size exceeds the configured limit.",
      transform: (stream, body) => {
        const state = this.#stateOf(stream)!;
        return state.encoded ?? this.#request.transcode(state.matched, body);
      },
    };
    // Message by message, so that a long stream is neither held nor late.
    this.#arrayTransform = {
      kind: 'stream',
      push: (stream, chunk) => {
        const state = this.#stateOf(stream)!;
        const elements = state.array!.push(chunk);
        return Buffer.concat(elements.map((element) => this.#request.transcodeElement(state.matched, element, state.messages++ === 0)));
      },
      finish: (stream) => {
        this.#stateOf(stream)!.array!.finish();
        return Buffer.alloc(0);
      },
    };
  }

  #stateOf(stream: HttpStream): TranscodedStream | undefined {
    return stream.state[this.#slot] as TranscodedStream | undefined;
  }

  decodeHeaders(stream: HttpStream, endStream: boolean): FilterStatus {
    if (isGrpcContentType(stream.request.get('content-type'))) return 'continue';
    try {
      return this.#transcode(stream, endStream);
    } catch (error) {
      if (!(error instanceof LocalReplyError)) throw error;
      stream.sendLocalReply({ status: error.status, body: error.message, details: error.details });
      return 'stop';
    }
  }

  #transcode(stream: HttpStream, endStream: boolean): FilterStatus {
    const { request } = stream;
    // Envoy matches the route before the first filter; here it is done at the first need, which must not be after the rewrite.
    void stream.route;
    const matched = this.#request.match(request);
    if ('unknown' in matched) return this.#unknown(stream, matched.unknown, matched.message);
    const response = new ResponseTranscoder(stream, matched.binding, this.#responseOptions);
    const array = this.#request.takesArray(matched) ? new JsonArraySplitter(this.#limit) : undefined;
    const encoded = endStream && array === undefined ? this.#request.transcode(matched, Buffer.alloc(0)) : undefined;
    stream.state[this.#slot] = { matched, response, encoded, array, messages: 0 } satisfies TranscodedStream;
    stream.requestTransform = array === undefined ? this.#transform : this.#arrayTransform;
    request.remove('content-length');
    request.set('content-type', 'application/grpc');
    request.set('x-envoy-original-path', request.get(':path')!);
    request.add('x-envoy-original-method', request.get(':method')!);
    request.set(':path', matched.binding.grpcPath);
    request.set(':method', 'POST');
    request.set('te', 'trailers');
    if (!this.#config.match_incoming_request_route) stream.clearRouteCache();
    return 'continue';
  }

  #unknown(stream: HttpStream, what: 'method' | 'parameter', message: string): FilterStatus {
    const { reject_unknown_method: method, reject_unknown_query_parameters: parameters } = this.#config.request_validation_options;
    if (what === 'method' ? !method : !parameters) return 'continue';
    const status = what === 'method' ? 404 : 400;
    stream.sendLocalReply({
      status,
      body: message,
      details: `grpc_json_transcode_failure_early{${what === 'method' ? 'NOT_FOUND' : 'INVALID_ARGUMENT'}}`,
    });
    return 'stop';
  }

  encodeHeaders(stream: HttpStream, headers: Headers, endStream: boolean): FilterStatus {
    return this.#stateOf(stream)?.response.headers(headers, endStream) ?? 'continue';
  }

  encodeData(stream: HttpStream, chunk: Buffer, endStream: boolean): Buffer | undefined {
    return this.#stateOf(stream)!.response.data(chunk, endStream);
  }

  encodeTrailers(stream: HttpStream, trailers: Headers): FilterStatus {
    return this.#stateOf(stream)!.response.trailers(trailers);
  }
}
