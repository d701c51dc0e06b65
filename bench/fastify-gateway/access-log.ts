import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { destination, pino, stdTimeFunctions } from 'pino';

/** The line of a request, as the edge gateway writes it (gateway/bootstrap/access-log.ts): the same fields, into a file, held back a little as Envoy does. */
interface AccessLogOptions {
  readonly file: string;
  readonly project: string;
}

/** The gRPC path that a reply is the answer of. */
const grpcPaths = new WeakMap<FastifyReply, string>();

/** Says what was called. */
export function calledUpstream(reply: FastifyReply, grpcPath: string): void {
  grpcPaths.set(reply, grpcPath);
}

/** What Fastify is made with: request ids as Envoy makes them. */
export const requestIds = { genReqId: () => randomUUID() };

/** Writes a line when a response has gone out. Returns what writes the last ones. */
export function logAccess(app: FastifyInstance, { file, project }: AccessLogOptions): () => void {
  const sink = destination({ dest: file, sync: false, minLength: 8_192, periodicFlush: 1_000 });
  const severity = (level: string) => ({ severity: level === 'error' ? 'ERROR' : 'INFO' });
  const log = pino({ base: null, timestamp: stdTimeFunctions.isoTime, formatters: { level: severity } }, sink);
  app.addHook('onResponse', (request, reply, done) => {
    const { method, url, headers } = request;
    const status = reply.statusCode;
    log[status < 500 ? 'info' : 'error']({
      message: `${method} ${url} ${status}`,
      httpRequest: {
        requestMethod: method,
        requestUrl: url,
        status,
        requestSize: Number(headers['content-length'] ?? 0),
        responseSize: Number(reply.getHeader('content-length') ?? 0),
        protocol: `HTTP/${request.raw.httpVersion}`,
        userAgent: headers['user-agent'],
      },
      grpcPath: grpcPaths.get(reply),
      durationMs: Math.round(reply.elapsedTime),
      upstream: 'customer',
      details: 'via_upstream',
      requestId: request.id,
      'logging.googleapis.com/trace': `projects/${project}/traces/`,
    });
    done();
  });
  return () => sink.flushSync();
}
