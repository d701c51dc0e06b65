import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Takes spans and metrics by OTLP over HTTP, as a collector does (https://opentelemetry.io/docs/specs/otlp/#otlphttp-request). */
interface TelemetryReceiver {
  readonly url: string;
  /** What was posted, whole. */
  readonly received: readonly { readonly path: string; readonly body: Buffer }[];
  close(): void;
}

/** Starts one on a free port of the loopback. */
export async function startTelemetryReceiver(): Promise<TelemetryReceiver> {
  const received: { readonly path: string; readonly body: Buffer }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      received.push({ path: request.url ?? '', body: Buffer.concat(chunks) });
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
