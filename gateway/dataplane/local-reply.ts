import { compileStreamFilter, compileSubstitution } from './access-log.ts';
import type { LocalReplyConfig } from './config/listener-config.ts';
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

function compileBody(config: NonNullable<LocalReplyConfig['body_format']>): { render(stream: HttpStream): string; contentType: string } {
  const contentType = config.content_type ?? (config.json_format === undefined ? 'text/plain' : 'application/json');
  return { render: compileSubstitution(config), contentType };
}

function toBuffer(body: string | Uint8Array | undefined): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  return typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}
