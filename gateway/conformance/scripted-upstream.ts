import {
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { type DescMethod, fromBinary, fromJson, type JsonValue, type Registry, toBinary, toJson } from '@bufbuild/protobuf';
import type { UpstreamBehaviour, UpstreamError, UpstreamServer } from './conformance-case.ts';

/** A request that reached the upstream. */
export interface SeenRequest {
  readonly via: UpstreamServer;
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly trailers: ReadonlyMap<string, string>;
  readonly messages: readonly JsonValue[];
  /** Bytes of the body. */
  readonly bytes: number;
}

/** A gRPC server that behaves as the case says and remembers what it got. */
export interface ScriptedUpstream {
  /** The main server's. */
  readonly port: number;
  portOf(server: UpstreamServer): number;
  /** Forgets what it saw and takes a new behaviour. */
  script(behaviour: UpstreamBehaviour | undefined): void;
  readonly seen: SeenRequest[];
  close(): Promise<void>;
}

/** What a server behind TLS shows: PEM. */
interface UpstreamIdentity {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** The servers behind TLS; without theirs there are none. */
type UpstreamIdentities = Readonly<Partial<Record<UpstreamServer, UpstreamIdentity>>>;

/** Starts the upstream on free ports. It speaks raw HTTP/2, so that it can misbehave where a gRPC library would not. */
export async function startScriptedUpstream(registry: Registry, identities: UpstreamIdentities = {}): Promise<ScriptedUpstream> {
  let behaviour: UpstreamBehaviour | undefined;
  let resets = 0;
  const seen: SeenRequest[] = [];
  const open = new Set<{ destroy(): void }>();

  function remember(
    via: UpstreamServer,
    headers: IncomingHttpHeaders,
    path: string,
    trailers: object,
    body: Buffer,
  ): DescMethod | undefined {
    const [, serviceName = '', methodName = ''] = path.split('/');
    const method = registry.getService(serviceName)?.methods.find(({ name }) => name === methodName);
    seen.push({
      via,
      path,
      headers: mapOf(headers),
      trailers: mapOf(trailers),
      messages: method === undefined ? [] : messagesOf(registry, method, body),
      bytes: body.length,
    });
    return method;
  }

  function onStream(via: UpstreamServer, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on('error', () => {});
    const chunks: Buffer[] = [];
    let trailers: object = {};
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('trailers', (received: object) => {
      trailers = received;
    });
    stream.on('end', () => {
      // A request that was given up is none.
      if (stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
      const method = remember(via, headers, String(headers[':path']), trailers, Buffer.concat(chunks));
      answer(stream, method, behaviour);
    });
  }

  function answer(stream: ServerHttp2Stream, method: DescMethod | undefined, scripted: UpstreamBehaviour | undefined): void {
    if (stream.destroyed) return;
    const how =
      scripted ??
      (method === undefined ? { raw: Buffer.from('ok').toString('base64'), headers: { 'content-type': 'text/plain' } } : { reply: {} });
    if ('silent' in how) return;
    if ('reset' in how) {
      resets++;
      if (how.times === undefined || resets <= how.times) {
        stream.close(how.reset === 'refused-stream' ? constants.NGHTTP2_REFUSED_STREAM : constants.NGHTTP2_INTERNAL_ERROR);
        return;
      }
    }
    if ('raw' in how || method === undefined) {
      answerRaw(stream, 'raw' in how ? how : { raw: '' });
      return;
    }
    const extra = 'headers' in how ? (how.headers ?? []) : [];
    const messages = 'reply' in how ? [how.reply] : 'stream' in how ? how.stream : 'error' in how ? [] : [{}];
    const error = 'error' in how ? how.error : undefined;
    const start = { ':status': 200, 'content-type': 'application/grpc', ...Object.fromEntries(extra) };
    if (messages.length === 0 && error !== undefined) {
      stream.respond({ ...start, ...trailersOf(error) }, { endStream: true });
      return;
    }
    stream.respond(start, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(error === undefined ? { 'grpc-status': '0' } : trailersOf(error)));
    for (const message of messages) stream.write(frame(toBinary(method.output, fromJson(method.output, message, { registry }))));
    stream.end();
  }

  function trailersOf(error: UpstreamError): Record<string, string> {
    const trailers: Record<string, string> = { 'grpc-status': String(error.code), 'grpc-message': encodeURIComponent(error.message) };
    const type = registry.getMessage('google.rpc.Status');
    if (error.rawDetails !== undefined) trailers['grpc-status-details-bin'] = error.rawDetails;
    else if (error.details !== undefined && type !== undefined) {
      const status = fromJson(type, { code: error.code, message: error.message, details: [...error.details] }, { registry });
      trailers['grpc-status-details-bin'] = Buffer.from(toBinary(type, status)).toString('base64');
    }
    return trailers;
  }

  const servers = new Map<UpstreamServer, Server>();
  const watch = (via: UpstreamServer, server: Http2Server) => {
    server.on('stream', (stream, headers) => onStream(via, stream as ServerHttp2Stream, headers));
    server.on('session', (session) => {
      session.on('error', () => {});
      open.add(session);
      session.on('close', () => open.delete(session));
    });
    servers.set(via, server);
  };
  watch('main', createServer());
  watch('other', createServer());
  for (const [via, identity] of Object.entries(identities) as [UpstreamServer, UpstreamIdentity][]) {
    const secure = createSecureServer({ ...identity });
    secure.on('tlsClientError', () => {});
    watch(via, secure as unknown as Http2Server);
  }
  const all = [...servers.values()];
  await Promise.all(all.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))));
  const portOf = (via: UpstreamServer) => (servers.get(via)!.address() as AddressInfo).port;
  return {
    port: portOf('main'),
    portOf,
    seen,
    script: (next) => {
      behaviour = next;
      resets = 0;
      seen.length = 0;
    },
    close: async () => {
      const closed = Promise.all(all.map((server) => new Promise((resolve) => server.close(resolve))));
      for (const one of open) one.destroy();
      await closed;
    },
  };
}

function answerRaw(stream: ServerHttp2Stream, how: Extract<UpstreamBehaviour, { raw: string }>): void {
  const { trailers } = how;
  stream.respond({ ':status': how.status ?? 200, ...how.headers }, { waitForTrailers: trailers !== undefined });
  if (trailers !== undefined) stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end(Buffer.from(how.raw, 'base64'));
}

/** What a body holds; nothing where it is no clean gRPC. */
function messagesOf(registry: Registry, method: DescMethod, body: Buffer): JsonValue[] {
  try {
    return readFrames(body).map((one) => toJson(method.input, fromBinary(method.input, one), { registry }));
  } catch {
    return [];
  }
}

function mapOf(headers: object): Map<string, string> {
  return new Map(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

/** Frames a message for gRPC. */
export function frame(message: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

/** The messages of a complete gRPC body. */
export function readFrames(body: Buffer): Buffer[] {
  const out: Buffer[] = [];
  for (let at = 0; at + 5 <= body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    out.push(body.subarray(at + 5, end));
    at = end;
  }
  return out;
}
