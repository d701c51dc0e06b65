import { create, type Message, toBinary } from '@bufbuild/protobuf';
import type { Headers } from '../header-map.ts';
import { bindText, child, type FieldPath, resolveFieldPath } from './field-binding.ts';
import { frame } from './grpc-frames.ts';
import { mergeJson, parseJson } from './json-body.ts';
import type { MethodBinding, MethodTable } from './method-table.ts';
import { percentDecode } from './percent-decode.ts';
import type { TranscoderConfig } from './transcoder-config.ts';

/** A request that maps to a method. */
export interface MatchedRequest {
  readonly binding: MethodBinding;
  readonly segments: readonly string[];
  /** Query parameters as fields of the request message. */
  readonly parameters: readonly { readonly path: FieldPath; readonly text: string }[];
  readonly contentType: string;
}

/** What a request's line maps to: a method, nothing, or a query parameter that no field has. */
export type MatchResult = MatchedRequest | { readonly unknown: 'method' | 'parameter'; readonly message: string };

/** Maps requests to methods and their bodies to gRPC messages. */
export class RequestTranscoder {
  readonly #config: TranscoderConfig;
  readonly #table: MethodTable;
  readonly #ignored: ReadonlySet<string>;

  constructor(config: TranscoderConfig, table: MethodTable) {
    this.#config = config;
    this.#table = table;
    this.#ignored = new Set(config.ignored_query_parameters);
  }

  match(headers: Headers): MatchResult {
    const target = headers.get(':path') ?? '/';
    const at = target.indexOf('?');
    const path = at < 0 ? target : target.slice(0, at);
    const found = this.#table.paths.match(headers.get(':method') ?? '', path);
    if (found === undefined) return { unknown: 'method', message: `Could not resolve ${path} to a method.` };
    const parameters: { path: FieldPath; text: string }[] = [];
    if (at >= 0) {
      for (const pair of target.slice(at + 1).split('&')) {
        const equals = pair.indexOf('=');
        if (equals <= 0) continue;
        const name = pair.slice(0, equals);
        if (this.#ignored.has(name)) continue;
        const fields = resolveFieldPath(found.value.method.input, name.split('.'));
        if (typeof fields === 'string') {
          if (this.#config.ignore_unknown_query_parameters) continue;
          return { unknown: 'parameter', message: fields };
        }
        parameters.push({
          path: fields,
          text: percentDecode(pair.slice(equals + 1), 'ALL_CHARACTERS', this.#config.query_param_unescape_plus),
        });
      }
    }
    return { binding: found.value, segments: found.segments, parameters, contentType: headers.get('content-type') ?? '' };
  }

  /** Whether the body is a JSON array, of which each element becomes a message of its own. */
  takesArray({ binding: { method, rawBody } }: MatchedRequest): boolean {
    return !rawBody && (method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming');
  }

  /** The framed request message of a whole body. @throws LocalReplyError 400. */
  transcode(matched: MatchedRequest, body: Buffer): Buffer {
    return this.#message(matched, body, true);
  }

  /** The framed message of one element of an array. Path and query are the first message's alone, as in Envoy. @throws LocalReplyError 400. */
  transcodeElement(matched: MatchedRequest, element: Buffer, isFirst: boolean): Buffer {
    return this.#message(matched, element, isFirst);
  }

  #message(matched: MatchedRequest, body: Buffer, withBindings: boolean): Buffer {
    const { binding } = matched;
    const { input } = binding.method;
    const message = create(input) as Message;
    if (binding.body !== undefined) {
      if (binding.rawBody) setRawBody(message, binding.body, body, matched.contentType);
      else this.#mergeBody(message, binding, parseJson(body), body.length === 0);
    }
    if (!withBindings) return frame(toBinary(input, message));
    const collisions = this.#config.request_validation_options.reject_binding_body_field_collisions ? 'refuse-collision' : 'body-wins';
    for (const { path, at, multi } of binding.variables) {
      const end = at.end < 0 ? matched.segments.length + at.end + 1 : at.end;
      const start = at.start < 0 ? matched.segments.length + at.start : at.start;
      const parts = matched.segments.slice(start, end);
      const text = multi ? percentDecode(parts.join('/'), this.#config.url_unescape_spec) : percentDecode(parts[0] ?? '', 'ALL_CHARACTERS');
      bindText(message, path, text, this.#table.registry, collisions);
    }
    for (const { path, text } of matched.parameters) bindText(message, path, text, this.#table.registry, collisions);
    return frame(toBinary(input, message));
  }

  #mergeBody(message: Message, { method, body }: MethodBinding, json: ReturnType<typeof parseJson>, isEmpty: boolean): void {
    const options = { registry: this.#table.registry, caseInsensitiveEnums: this.#config.case_insensitive_enum_parsing };
    if (body!.length === 0) {
      mergeJson(method.input, message, json, options);
      return;
    }
    const field = body!.at(-1)!;
    // A field that is no message has no empty form.
    if (isEmpty && field.fieldKind !== 'message') return;
    let parent = message as unknown as Record<string, unknown>;
    for (const step of body!.slice(0, -1)) parent = child(parent, step);
    mergeJson(field.parent, parent as unknown as Message, { [field.jsonName]: json }, options);
  }
}

function setRawBody(message: Message, body: FieldPath, data: Buffer, contentType: string): void {
  let target = message as unknown as Record<string, unknown>;
  for (const field of body) target = child(target, field);
  target.contentType = contentType;
  target.data = data;
}
