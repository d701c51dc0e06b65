import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { HttpProblem } from '../../shared/http/http-problem.ts';
import type { JsonRoute } from '../../shared/http/json-server.ts';
import type { CallEvent } from '../api.ts';
import type { ConsolePlatform } from '../console-platform.ts';
import { askedCallSchema, readyCall } from './asked-call.ts';
import { copyCall } from './copy-call.ts';
import { type DescribedMethods, describeMethods } from './described-methods.ts';
import { sendCall } from './send-call.ts';

const copySchema = z.strictObject({ form: z.enum(['curl', 'grpcurl', 'typescript']), call: askedCallSchema });

/** Every method, its form, and calls of it. */
export function explorerRoutes({ endpoints }: Pick<ConsolePlatform, 'endpoints'>): {
  readonly routes: JsonRoute[];
  readonly call: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
} {
  let described: DescribedMethods | undefined;
  const methods = () => {
    described ??= describeMethods();
    return described;
  };
  const routes: JsonRoute[] = [
    { method: 'GET', path: '/api/methods', handle: () => ({ status: 200, body: { methods: methods().rows } }) },
    {
      method: 'GET',
      path: '/api/methods/{service}/{method}',
      handle: ({ params }) => {
        const method = methods().method(`${params['service']}/${params['method']}`);
        if (method === undefined) throw new HttpProblem(404, 'not_found', `There is no method ${params['service']}/${params['method']}.`);
        return { status: 200, body: methods().form(method) };
      },
    },
    {
      method: 'POST',
      path: '/api/copy',
      handle: async (request) => {
        const { form, call } = request.json(copySchema);
        const ready = await readyCall(call, methods(), endpoints());
        return { status: 200, body: { text: copyCall(form, call, ready, methods(), endpoints()) } };
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
      const ready = await readyCall(asked, methods(), endpoints());
      response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
      for await (const event of sendCall(asked, ready, methods(), gone.signal)) tell(event);
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
