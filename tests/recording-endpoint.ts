import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that the endpoint got. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An HTTP endpoint that writes down what it is sent. */
export interface RecordingEndpoint {
  readonly url: string;
  /** Every request so far. */
  readonly requests: readonly RecordedRequest[];
  /** Answers a request with a status code; may keep the caller waiting. Default 200. */
  answer: (request: RecordedRequest, index: number) => number | Promise<number>;
  /** Waits until `count` requests have come. */
  received(count: number): Promise<readonly RecordedRequest[]>;
  close(): Promise<void>;
}

/** Starts an endpoint on a free port of 127.0.0.1. */
export async function startRecordingEndpoint(): Promise<RecordingEndpoint> {
  const requests: RecordedRequest[] = [];
  const waiting = new Set<() => void>();
  const endpoint: Omit<RecordingEndpoint, 'url' | 'close'> = {
    requests,
    answer: () => 200,
    received: (count) =>
      new Promise((resolve) => {
        const check = () => {
          if (requests.length < count) return;
          waiting.delete(check);
          resolve(requests);
        };
        waiting.add(check);
        check();
      }),
  };
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method = '', url: path = '', headers } = incoming;
    const request = { method, path, headers, body: Buffer.concat(chunks).toString() };
    const index = requests.push(request) - 1;
    for (const check of [...waiting]) check();
    response.writeHead(await endpoint.answer(request, index)).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(endpoint, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}
