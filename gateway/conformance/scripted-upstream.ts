import { constants, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type DescMethod, type FileRegistry, fromBinary, fromJson, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf';
import type { UpstreamBehaviour, UpstreamError } from './conformance-case.ts';

/** A request that reached the upstream. */
export interface SeenRequest {
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly messages: readonly JsonValue[];
}

/** A gRPC server that behaves as the case says and remembers what it got. */
export interface ScriptedUpstream {
  readonly port: number;
  /** Forgets what it saw and takes a new behaviour. */
  script(behaviour: UpstreamBehaviour | undefined): void;
  readonly seen: SeenRequest[];
  close(): Promise<void>;
}

/** Starts the upstream on a free port. It speaks raw HTTP/2, so that it can misbehave where a gRPC library would not. */
export async function startScriptedUpstream(registry: FileRegistry): Promise<ScriptedUpstream> {
  let behaviour: UpstreamBehaviour = { reply: {} };
  let resets = 0;
  const seen: SeenRequest[] = [];
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    const path = String(headers[':path']);
    const [, serviceName = '', methodName = ''] = path.split('/');
    const method = registry.getService(serviceName)?.methods.find(({ name }) => name === methodName);
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const messages =
        method === undefined
          ? []
          : readFrames(Buffer.concat(chunks)).map((one) => toJson(method.input, fromBinary(method.input, one), { registry }));
      seen.push({ path, headers: new Map(Object.entries(headers).map(([name, value]) => [name, String(value)])), messages });
      if (method !== undefined) answer(stream as ServerHttp2Stream, method, behaviour);
    });
  });

  function answer(stream: ServerHttp2Stream, method: DescMethod, how: UpstreamBehaviour): void {
    if ('silent' in how) return;
    if ('reset' in how) {
      resets++;
      if (how.times === undefined || resets <= how.times) {
        stream.close(how.reset === 'refused-stream' ? constants.NGHTTP2_REFUSED_STREAM : constants.NGHTTP2_INTERNAL_ERROR);
        return;
      }
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
    if (error.details !== undefined && type !== undefined) {
      const status = fromJson(type, { code: error.code, message: error.message, details: [...error.details] }, { registry });
      trailers['grpc-status-details-bin'] = Buffer.from(toBinary(type, status)).toString('base64');
    }
    return trailers;
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    script: (next) => {
      behaviour = next ?? { reply: {} };
      resets = 0;
      seen.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
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
