import { type DescMessage, fromBinary, type JsonWriteOptions, type Message, type Registry, toJson } from '@bufbuild/protobuf';
import { decodeGrpcMessage, httpStatusOfGrpc, parseGrpcStatus } from '../grpc-status.ts';
import type { Headers } from '../header-map.ts';
import type { HttpFilter } from '../http-filter.ts';
import type { HttpStream } from '../http-stream.ts';
import { FrameReader } from './grpc-frames.ts';
import type { MethodBinding } from './method-table.ts';
import type { TranscoderConfig } from './transcoder-config.ts';

const jsonType = 'application/json';
const empty = Buffer.alloc(0);

/** What all responses of one filter share. */
export interface ResponseOptions {
  readonly config: TranscoderConfig;
  readonly registry: Registry;
  readonly filter: HttpFilter;
  readonly slot: number;
  readonly limit: number;
}

/** One response on its way from gRPC to JSON. */
export class ResponseTranscoder {
  readonly #stream: HttpStream;
  readonly #options: ResponseOptions;
  readonly #binding: MethodBinding;
  readonly #streaming: boolean;
  readonly #frames = new FrameReader();
  /** The response is no gRPC, or was answered otherwise: it passes as it is. */
  #bypassed = false;
  #hasBody = false;
  #headersHeld = false;
  #first = true;
  #body: Buffer[] = [];
  #size = 0;

  constructor(stream: HttpStream, binding: MethodBinding, options: ResponseOptions) {
    this.#stream = stream;
    this.#binding = binding;
    this.#options = options;
    this.#streaming = binding.method.methodKind === 'server_streaming' || binding.method.methodKind === 'bidi_streaming';
  }

  headers(headers: Headers, endStream: boolean): 'continue' | 'stop' {
    const isGrpc = endStream
      ? headers.get('grpc-status') !== undefined
      : headers.get(':status') === '200' && headers.get('content-type')?.startsWith('application/grpc') === true;
    if (!isGrpc || this.#headersHeld) {
      this.#bypassed = true;
      return 'continue';
    }
    const sse = this.#streaming && this.#options.config.print_options.stream_sse_style_delimited;
    headers.set('content-type', sse ? 'text/event-stream' : jsonType);
    if (endStream) return this.#trailersOnly(headers);
    this.#stream.interceptData(this.#options.filter, this.#options.slot);
    if (this.#streaming && this.#binding.rawResponse === undefined) return 'continue';
    this.#headersHeld = true;
    return 'stop';
  }

  data(chunk: Buffer, endStream: boolean): Buffer | undefined {
    if (this.#bypassed) return chunk;
    if (chunk.length > 0) this.#hasBody = true;
    const out = this.#read(chunk);
    if (out === undefined) return undefined;
    if (this.#streaming) {
      if (this.#headersHeld && out.length > 0) this.#releaseHeaders();
      if (!endStream) return out.length === 0 ? undefined : out;
      this.#releaseHeaders();
      return Buffer.concat([out, this.#tail()]);
    }
    if (out.length > 0) this.#body.push(out);
    if (!endStream) return undefined;
    // An upstream that ends without trailers.
    this.#stream.response!.set('content-length', String(this.#bodySize()));
    this.#releaseHeaders();
    return Buffer.concat(this.#body);
  }

  trailers(trailers: Headers): 'continue' | 'stop' {
    if (this.#bypassed) return 'continue';
    const headers = this.#stream.response!;
    const status = parseGrpcStatus(trailers.get('grpc-status'));
    const json = this.#hasBody ? undefined : this.#statusJson(status, trailers);
    if (json !== undefined) {
      headers.set(':status', String(httpStatusOfGrpc(status!)));
      headers.set('content-type', jsonType);
      headers.set('content-length', String(json.length));
      return this.#finish(json);
    }
    if (this.#streaming) return this.#finish(this.#tail());
    const body = this.#body.length === 1 ? this.#body[0]! : Buffer.concat(this.#body);
    headers.set(':status', String(status === undefined ? 503 : httpStatusOfGrpc(status)));
    if (status !== undefined) headers.set('grpc-status', String(status));
    const message = trailers.get('grpc-message');
    if (message !== undefined) headers.set('grpc-message', message);
    headers.set('content-length', String(body.length));
    return this.#finish(body);
  }

  /** Sends the last bytes; HTTP/2 clients get the trailers behind them. */
  #finish(last: Buffer): 'continue' | 'stop' {
    this.#bypassed = true;
    this.#releaseHeaders();
    const { slot } = this.#options;
    if (this.#stream.downstream.protocol === 'HTTP/1.1') {
      this.#stream.injectData(slot, last, true);
      return 'stop';
    }
    if (last.length > 0) this.#stream.injectData(slot, last, false);
    return 'continue';
  }

  #trailersOnly(headers: Headers): 'continue' | 'stop' {
    const status = parseGrpcStatus(headers.get('grpc-status'));
    const json = this.#statusJson(status, headers);
    if (json === undefined) {
      headers.set(':status', String(status === undefined ? 503 : httpStatusOfGrpc(status)));
      if (!this.#streaming) headers.set('content-length', '0');
      return 'continue';
    }
    headers.set(':status', String(httpStatusOfGrpc(status!)));
    headers.set('content-type', jsonType);
    headers.set('content-length', String(json.length));
    // The body says it all.
    for (const name of ['grpc-status', 'grpc-message', 'grpc-status-details-bin']) headers.remove(name);
    this.#bypassed = true;
    this.#stream.continueResponse(this.#options.slot, false);
    this.#stream.injectData(this.#options.slot, json, true);
    return 'stop';
  }

  #releaseHeaders(): void {
    if (!this.#headersHeld) return;
    this.#headersHeld = false;
    this.#stream.continueResponse(this.#options.slot, false);
  }

  /** The JSON (or raw bytes) of the messages that this chunk completes; undefined where the response was given up. */
  #read(chunk: Buffer): Buffer | undefined {
    const messages = this.#frames.push(chunk);
    if (messages === undefined) return this.#fail(502, 'a compressed message cannot be transcoded');
    let text = '';
    const raw: Buffer[] = [];
    for (const message of messages) {
      try {
        if (this.#binding.rawResponse === undefined) text += this.#delimited(this.#json(this.#binding.method.output, message));
        else raw.push(this.#rawBody(message));
      } catch (error) {
        return this.#fail(502, error instanceof Error ? error.message : 'the response does not fit its type');
      }
    }
    const out = this.#binding.rawResponse === undefined ? Buffer.from(text) : raw.length === 1 ? raw[0]! : Buffer.concat(raw);
    this.#size = this.#streaming ? out.length : this.#size + out.length;
    if (this.#size + this.#frames.pending > this.#options.limit) {
      return this.#fail(500, "Response not transcoded because the transcoder's internal buffer size exceeds the configured limit.");
    }
    return out;
  }

  #fail(status: number, body: string): undefined {
    this.#bypassed = true;
    this.#stream.sendLocalReply({
      status,
      body,
      details: `grpc_json_transcode_failure{${status === 500 ? 'response_buffer_size_limit_reached' : 'INTERNAL'}}`,
    });
    return undefined;
  }

  #delimited(json: string): string {
    if (!this.#streaming) return json;
    const { stream_newline_delimited: lines, stream_sse_style_delimited: sse } = this.#options.config.print_options;
    if (sse) return `data: ${json}\n\n`;
    if (lines) return `${json}\n`;
    const separator = this.#first ? '[' : ',';
    this.#first = false;
    return separator + json;
  }

  #tail(): Buffer {
    const { stream_newline_delimited: lines, stream_sse_style_delimited: sse } = this.#options.config.print_options;
    if (lines || sse || this.#binding.rawResponse !== undefined) return empty;
    return Buffer.from(this.#first ? '[]' : ']');
  }

  #bodySize(): number {
    return this.#body.reduce((sum, part) => sum + part.length, 0);
  }

  #json(type: DescMessage, bytes: Uint8Array): string {
    const print = this.#options.config.print_options;
    return JSON.stringify(toJson(type, fromBinary(type, bytes), writeOptions(this.#options)), null, print.add_whitespace ? 1 : undefined);
  }

  #rawBody(bytes: Uint8Array): Buffer {
    const { output } = this.#binding.method;
    const { field } = this.#binding.rawResponse!;
    const message = fromBinary(output, bytes) as Message & Record<string, unknown>;
    const body = (field === undefined ? message : message[field.localName]) as { contentType: string; data: Uint8Array } | undefined;
    const headers = this.#stream.response!;
    if (this.#first) headers.set('content-type', body?.contentType ?? '');
    this.#first = false;
    return Buffer.from(body?.data ?? empty);
  }

  /** google.rpc.Status as JSON for an error; undefined where it is not to be converted, or a detail type is unknown. */
  #statusJson(status: number | undefined, trailers: Headers): Buffer | undefined {
    if (!this.#options.config.convert_grpc_status || status === undefined || status === 0) return undefined;
    const details = trailers.get('grpc-status-details-bin');
    const type = this.#options.registry.getMessage('google.rpc.Status');
    if (details !== undefined && type !== undefined) {
      try {
        return Buffer.from(this.#json(type, Buffer.from(details, 'base64')));
      } catch {
        return undefined;
      }
    }
    const message = decodeGrpcMessage(trailers.get('grpc-message') ?? '');
    return Buffer.from(JSON.stringify({ code: status, ...(message !== '' && { message }) }));
  }
}

const written = new WeakMap<ResponseOptions, Partial<JsonWriteOptions>>();

function writeOptions(options: ResponseOptions): Partial<JsonWriteOptions> {
  let found = written.get(options);
  if (found === undefined) {
    const print = options.config.print_options;
    found = {
      registry: options.registry,
      alwaysEmitImplicit: print.always_print_primitive_fields,
      enumAsInteger: print.always_print_enums_as_ints,
      useProtoFieldName: print.preserve_proto_field_names,
    };
    written.set(options, found);
  }
  return found;
}
