import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import * as z from 'zod';
import type { LocalServer } from '../local-server.ts';
import { HttpProblem } from './http-problem.ts';
import { startLoopbackServer } from './loopback-server.ts';

const maxBodyBytes = 1 << 20;

/** The names of the `{name}` segments of a path. */
type Segments<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | Segments<Rest> : never;

/** A request whose body was read whole. */
export interface JsonRequest<Segment extends string = string> {
  readonly method: string;
  /** The path as sent, without the query. */
  readonly path: string;
  /** The values of the route's `{name}` segments, percent-decoded. */
  readonly params: Readonly<Record<Segment, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly rawBody: Buffer;
  /**
   * The body, checked.
   *
   * @throws HttpProblem 415 where it is not called JSON, 400 where it is none or breaks the schema.
   */
  json<T>(schema: z.ZodType<T>): T;
}

/** The body of a request that says nothing. */
export const noBody = z.strictObject({});

/** What a route answers: `body` is sent as JSON. */
export interface JsonResponse {
  readonly status: number;
  readonly body: unknown;
}

/** One endpoint, such as `{ method: 'GET', path: '/v1/stock/{sku}', handle }`. */
export interface JsonRoute {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  handle(request: JsonRequest): JsonResponse | Promise<JsonResponse>;
}

/** A route that knows the `{name}` segments of its path by their names. */
export function route<Path extends string>(
  one: Omit<JsonRoute, 'path' | 'handle'> & {
    readonly path: Path;
    handle(request: JsonRequest<Segments<Path>>): JsonResponse | Promise<JsonResponse>;
  },
): JsonRoute {
  return one;
}

/** Starts a JSON API on 127.0.0.1. */
export function startJsonServer(options: { readonly port: number; readonly routes: readonly JsonRoute[] }): Promise<LocalServer> {
  return startLoopbackServer({ port: options.port, listener: jsonListener(options.routes) });
}

/** Answers by routes. Problems are answered as `{"error":{"code","message"}}`; unexpected ones as 500 with nothing from inside. */
export function jsonListener(jsonRoutes: readonly JsonRoute[]): RequestListener {
  const routes = jsonRoutes.map((route) => ({ route, matches: pathMatcher(route.path) }));
  return (request, response) => void answer(request, response);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let result: JsonResponse;
    try {
      result = await dispatch(request);
    } catch (error) {
      // Whoever has gone away meanwhile is told nothing.
      if (response.destroyed) return;
      result = problemResponse(error);
    }
    response.writeHead(result.status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(result.body));
  }

  async function dispatch(message: IncomingMessage): Promise<JsonResponse> {
    const [path = '', query = ''] = (message.url ?? '').split('?', 2);
    let pathExists = false;
    for (const { route, matches } of routes) {
      const params = matches(path);
      if (params === undefined) continue;
      pathExists = true;
      if (route.method !== message.method) continue;
      const rawBody = await readBody(message);
      return route.handle({
        method: route.method,
        path,
        params,
        query: new URLSearchParams(query),
        headers: message.headers,
        rawBody,
        json: (schema) => parseBody(message.headers, rawBody, schema),
      });
    }
    if (pathExists) throw new HttpProblem(405, 'method_not_allowed', `${message.method} is not possible on ${path}.`);
    throw new HttpProblem(404, 'not_found', `There is nothing at ${path}.`);
  }
}

function pathMatcher(template: string): (path: string) => Record<string, string> | undefined {
  const pattern = new RegExp(`^${template.replaceAll('.', '\\.').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
  return (path) => {
    const match = pattern.exec(path);
    if (match === null) return undefined;
    try {
      return Object.fromEntries(Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]));
    } catch {
      throw new HttpProblem(400, 'invalid_path', 'The path has a broken percent encoding.');
    }
  };
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // A destroyed request would cut the connection before the 413 is read.
  for await (const chunk of message.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new HttpProblem(413, 'too_large', `The body is larger than ${maxBodyBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseBody<T>(headers: IncomingHttpHeaders, body: Buffer, schema: z.ZodType<T>): T {
  // A web page may send other content types across sites without asking first.
  if (!/^application\/json\b/i.test(headers['content-type'] ?? '')) {
    throw new HttpProblem(415, 'unsupported_media_type', 'Send the body with "Content-Type: application/json".');
  }
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    throw new HttpProblem(400, 'invalid_json', 'The body is not JSON.');
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new HttpProblem(400, 'invalid_request', z.prettifyError(parsed.error));
  return parsed.data;
}

function problemResponse(error: unknown): JsonResponse {
  if (error instanceof HttpProblem) return { status: error.status, body: { error: { code: error.code, message: error.message } } };
  console.error(error);
  return { status: 500, body: { error: { code: 'internal', message: 'internal error' } } };
}
