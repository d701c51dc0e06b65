import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { HttpProblem } from '../../shared/http/http-problem.ts';
import type { JsonRoute } from '../../shared/http/json-server.ts';
import type { CallEvent } from '../api.ts';
import type { ConsolePlatform } from '../console-platform.ts';
import { askedCallSchema } from './asked-call.ts';
import type { DescribedMethods } from './described-methods.ts';

const copySchema = z.strictObject({ form: z.enum(['curl', 'grpcurl', 'typescript']), call: askedCallSchema });

/** Loaded at the first question of the explorer: rules, samples and clients are more than all the rest of the console. */
const loaded = async () => {
  const [describing, asking, copying, sending] = await Promise.all([
    import('./described-methods.ts'),
    import('./asked-call.ts'),
    import('./copy-call.ts'),
    import('./send-call.ts'),
  ]);
  return { ...describing, ...asking, ...copying, ...sending };
};

/** Every method, its form, and calls of it. Forms are those of the protos as they were built last. */
export function explorerRoutes({ endpoints }: Pick<ConsolePlatform, 'endpoints'>): {
  readonly routes: JsonRoute[];
  readonly call: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
} {
  let described: { readonly of: number; readonly methods: DescribedMethods } | undefined;
  const methods = async () => {
    const { describeMethods, lastDescribed } = await loaded();
    const of = lastDescribed();
    if (described?.of !== of) described = { of, methods: describeMethods() };
    return described.methods;
  };
  const routes: JsonRoute[] = [
    { method: 'GET', path: '/api/methods', handle: async () => ({ status: 200, body: { methods: (await methods()).rows } }) },
    {
      method: 'GET',
      path: '/api/methods/{service}/{method}',
      handle: async ({ params }) => {
        const known = await methods();
        const method = known.method(`${params['service']}/${params['method']}`);
        if (method === undefined) throw new HttpProblem(404, 'not_found', `There is no method ${params['service']}/${params['method']}.`);
        return { status: 200, body: known.form(method) };
      },
    },
    {
      method: 'POST',
      path: '/api/copy',
      handle: async (request) => {
        const { form, call } = request.json(copySchema);
        const [{ readyCall, copyCall }, known] = await Promise.all([loaded(), methods()]);
        const ready = await readyCall(call, known, endpoints());
        return { status: 200, body: { text: copyCall(form, call, ready, known, endpoints()) } };
      },
    },
  ];
  return { routes, call: answerCall };

  /** Sends a call, and tells what comes back in lines of JSON, as it comes. Whoever goes away ends the call. */
  async function answerCall(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const tell = (event: CallEvent) => void response.write(`${JSON.stringify(event)}\n`);
    try {
      const asked = askedCallSchema.parse(JSON.parse(await textOf(request)));
      const [{ readyCall, sendCall }, known] = await Promise.all([loaded(), methods()]);
      const ready = await readyCall(asked, known, endpoints());
      response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
      for await (const event of sendCall(asked, ready, known, gone.signal)) tell(event);
    } catch (error) {
      const text = error instanceof HttpProblem ? error.message : error instanceof z.ZodError ? z.prettifyError(error) : String(error);
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      tell({ kind: 'refused', message: text });
    }
    response.end();
  }
}

const mostBytes = 2 << 20;

async function textOf(request: IncomingMessage): Promise<string> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
    throw new HttpProblem(415, 'unsupported_media_type', 'Send JSON.');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new HttpProblem(413, 'too_large', `A call has at most ${mostBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
