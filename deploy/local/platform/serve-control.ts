import * as z from 'zod';
import { errorText } from '../../../services/platform/contracts/error-text.ts';
import { HttpProblem } from '../shared/http/http-problem.ts';
import { type JsonRequest, type JsonResponse, type JsonRoute, startJsonServer } from '../shared/http/json-server.ts';
import type { LocalServer } from '../shared/local-server.ts';
import { hasControlToken } from './control-token.ts';
import { PreviewError } from './preview-error.ts';
import type { RunningPreviews } from './running-previews.ts';

const target = { service: z.string().max(100), tag: z.string().max(100) };
const startSchema = z.strictObject({ ...target, from: z.string().min(1).max(4096).optional() });
const trafficSchema = z.strictObject({ ...target, percent: z.int().min(0).max(100) });
const stopSchema = z.strictObject(target);

/**
 * Serves what commands ask of a running platform: `GET /previews`, and `POST /previews:start`, `POST /previews:stop` and `POST /previews:traffic` with `{"service", "tag"}`,
 * which answer when it is done. Code is run on this machine by it, so every request needs the token that only this user can read.
 */
export function serveControl(
  port: number,
  previews: Pick<RunningPreviews, 'list' | 'start' | 'stop' | 'give'>,
  token: string,
): Promise<LocalServer> {
  const routes: Pick<JsonRoute, 'method' | 'path' | 'handle'>[] = [
    { method: 'GET', path: '/previews', handle: () => ({ status: 200, body: { previews: previews.list() } }) },
    {
      method: 'POST',
      path: '/previews:start',
      handle: async (request) => {
        const { from, ...asked } = request.json(startSchema);
        return { status: 200, body: await previews.start(asked, from) };
      },
    },
    {
      method: 'POST',
      path: '/previews:stop',
      handle: async (request) => {
        await previews.stop(request.json(stopSchema));
        return { status: 200, body: {} };
      },
    },
    {
      method: 'POST',
      path: '/previews:traffic',
      handle: async (request) => {
        await previews.give(request.json(trafficSchema));
        return { status: 200, body: {} };
      },
    },
  ];
  return startJsonServer({ port, routes: routes.map((route) => ({ ...route, handle: guarded(route.handle, token) })) });
}

function guarded(handle: JsonRoute['handle'], token: string) {
  return async (request: JsonRequest): Promise<JsonResponse> => {
    if (!hasControlToken(request.headers.authorization, token)) {
      throw new HttpProblem(401, 'unauthenticated', 'The token of .kumiko/control.token is required.');
    }
    try {
      return await handle(request);
    } catch (error) {
      if (error instanceof PreviewError) throw new HttpProblem(409, 'preview', error.message);
      if (error instanceof HttpProblem) throw error;
      // Whoever has the token sees this user's files anyway: why code did not start is what they ask for.
      throw new HttpProblem(500, 'failed', errorText(error));
    }
  };
}
