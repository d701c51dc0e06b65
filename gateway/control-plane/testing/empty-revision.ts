import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { boundPort } from '../../../services/platform/tools/bound-port.ts';

/** A revision that answers every call with an empty message, and tells what it was called with. */
export async function startEmptyRevision(met: (headers: IncomingHttpHeaders) => void): Promise<{ readonly url: string; close(): void }> {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    met(headers);
    stream.on('error', () => {});
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.resume();
    stream.end(Buffer.alloc(5));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${boundPort(server)}`, close: () => server.close() };
}
