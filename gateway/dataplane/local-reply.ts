import { compileStreamFilter, compileSubstitution } from './access-log.ts';
import type { LocalReplyConfig } from './config/listener-config.ts';
import { encodeGrpcMessage, grpcStatusOfHttp } from './grpc-status.ts';
import { compileHeaderValue } from './header-edits.ts';
import { Headers } from './header-map.ts';
import type { HttpStream, LocalReply } from './http-stream.ts';

/** A local reply as it goes out. */
export interface RewrittenReply {
  readonly status: number;
  readonly body: Buffer;
  readonly contentType: string;
  readonly headers: Iterable<readonly [string, string]>;
}

/** Envoy's local_reply_config: the first mapper that matches, then the common body format. */
export interface LocalReplyRewriter {
  rewrite(stream: HttpStream, reply: LocalReply): RewrittenReply;
}

/** Compiles local_reply_config. */
export function compileLocalReply(config: LocalReplyConfig | undefined): LocalReplyRewriter {
  const bodyFormat = config?.body_format === undefined ? undefined : compileBody(config.body_format);
  const mappers = (config?.mappers ?? []).map((mapper) => ({
    matches: compileStreamFilter(mapper.filter),
    status: mapper.status_code,
    body: mapper.body,
    format: mapper.body_format_override === undefined ? undefined : compileBody(mapper.body_format_override),
    headers: mapper.headers_to_add.map(compileHeaderValue),
  }));
  return {
    rewrite: (stream, reply) => {
      let status = reply.status;
      let body = toBuffer(reply.body);
      const headers = new Headers((reply.headers ?? []).flat());
      let format = bodyFormat;
      for (const mapper of mappers) {
        if (!mapper.matches(stream, status)) continue;
        for (const edit of mapper.headers) edit(headers, stream);
        status = mapper.status ?? status;
        body = mapper.body ?? body;
        format = mapper.format ?? format;
        break;
      }
      if (format === undefined)
        return { status, body, contentType: headers.get('content-type') ?? 'text/plain', headers: headers.entries() };
      stream.localReplyBody = body.toString();
      // The format sees the status that goes out.
      stream.response = new Headers([':status', String(status)]);
      return { status, body: Buffer.from(format.render(stream)), contentType: format.contentType, headers: headers.entries() };
    },
  };
}

/** A local reply as headers and body: trailers-only for gRPC requests, plain for others. */
export function composeLocalReply(stream: HttpStream, reply: LocalReply): { headers: Headers; body: Buffer | undefined } {
  const { status, body, contentType, headers: extra } = stream.manager.localReply.rewrite(stream, reply);
  if (stream.isGrpc) {
    const grpcStatus = String(reply.grpcStatus ?? grpcStatusOfHttp(status));
    const headers = new Headers([':status', '200', 'content-type', 'application/grpc', 'grpc-status', grpcStatus]);
    if (body.length > 0) headers.add('grpc-message', encodeGrpcMessage(body.toString()));
    for (const [name, value] of extra) headers.set(name, value);
    return { headers, body: undefined };
  }
  const headers = new Headers([':status', String(status)]);
  for (const [name, value] of extra) headers.add(name, value);
  if (body.length === 0) return { headers, body: undefined };
  headers.set('content-length', String(body.length));
  headers.set('content-type', contentType);
  return { headers, body };
}

function compileBody(config: NonNullable<LocalReplyConfig['body_format']>): { render(stream: HttpStream): string; contentType: string } {
  const contentType = config.content_type ?? (config.json_format === undefined ? 'text/plain' : 'application/json');
  return { render: compileSubstitution(config), contentType };
}

function toBuffer(body: string | Uint8Array | undefined): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  return typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}
