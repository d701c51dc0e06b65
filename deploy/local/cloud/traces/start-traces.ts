import type { IncomingMessage, ServerResponse } from 'node:http';
import { services } from '../../../../services/platform/contracts/services.ts';
import { startLoopbackServer } from '../../shared/http/loopback-server.ts';
import type { LocalServer } from '../../shared/local-server.ts';
import { serveOtlpGrpc } from './otlp-grpc.ts';
import { readOtlp } from './read-otlp.ts';
import type { Span } from './span.ts';
import type { SpanStore } from './span-store.ts';
import type { TraceSummary } from './trace-summary.ts';

/** The services that people and partners call. */
const peoplesServices = new Set(
  services.flatMap(({ name, grpcServices }) =>
    grpcServices.some(({ methods }) => methods.some(({ access }) => access === 'customer' || access === 'partner')) ? [name] : [],
  ),
);

const maxBodyBytes = 8 << 20;
/** The most that a list holds. */
const listLength = 20;
/** How far a list and the last trace are looked for. */
const lookBack = 200;

/**
 * Starts a collector that keeps the newest spans. It takes OTLP over gRPC on `grpcPort`, and `POST /v1/traces` in the binary format;
 * `POST /v1/metrics` is taken and dropped;
 * `GET /traces` lists those that people began, `GET /traces?mention=orders/x` all that have to do with it, `GET /traces/last` and `GET /traces/{id}` answer the spans of one.
 */
export async function startTraces(options: {
  readonly port: number;
  readonly grpcPort: number;
  readonly store: SpanStore;
}): Promise<LocalServer & { readonly grpcPort: number }> {
  const { store } = options;
  const grpc = await serveOtlpGrpc(options.grpcPort, (spans) => store.add(spans));
  const server = await startLoopbackServer({
    port: options.port,
    listener: (request, response) =>
      void answer(store, request, response).catch((error: unknown) => {
        console.error(error);
        response.writeHead(500).end();
      }),
  });
  return {
    port: server.port,
    grpcPort: grpc.port,
    close: async () => {
      grpc.close();
      await server.close();
    },
  };
}

async function answer(store: SpanStore, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (request.method === 'POST' && pathname === '/v1/traces') {
    const spans = spansIn(await readBody(request));
    if (spans === undefined) {
      response
        .writeHead(400, { 'content-type': 'text/plain' })
        .end('This is no OTLP trace request in the binary format (http/protobuf).\n');
      return;
    }
    store.add(spans);
    // An ExportTraceServiceResponse without fields has no bytes.
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    return;
  }
  if (request.method === 'POST' && pathname === '/v1/metrics') {
    await readBody(request);
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    return;
  }
  const body = read(store, pathname, searchParams.get('mention') ?? undefined);
  response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
}

function read(store: SpanStore, path: string, mention: string | undefined): unknown {
  if (path === '/traces') {
    const traces = mention === undefined ? store.latest(lookBack).filter(wasBegunByPeople) : store.latest(lookBack, mention);
    return { traces: traces.slice(0, listLength) };
  }
  const id = /^\/traces\/(last|[0-9a-f]{4,32})$/.exec(path)?.[1];
  if (id === undefined) return undefined;
  const trace = id === 'last' ? store.latest(lookBack).find(wasBegunByPeople)?.trace : id;
  const spans = trace === undefined ? [] : store.trace(trace);
  return spans.length === 0 ? undefined : { spans };
}

/** A push, a task, a tick and a webhook begin traces too, of which the interesting part belongs to somebody's request. What the edge alone has seen it has refused. */
function wasBegunByPeople({ service }: TraceSummary): boolean {
  return service === 'kumiko-edge-gateway' || peoplesServices.has(service);
}

function spansIn(body: Buffer): Span[] | undefined {
  try {
    return readOtlp(body);
  } catch {
    return undefined;
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new Error(`a request has more than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
