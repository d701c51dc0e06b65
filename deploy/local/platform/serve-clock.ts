import * as z from 'zod';
import { type JsonRoute, startJsonServer } from '../shared/http/json-server.ts';
import type { LocalServer } from '../shared/local-server.ts';
import type { PlatformClock } from './platform-clock.ts';

const longestAdvanceSeconds = 400 * 86_400;
const advanceSchema = z.strictObject({ seconds: z.number().positive().max(longestAdvanceSeconds) });

/** Serves business time: `GET /clock`, and `POST /clock:advance` with `{"seconds": n}`, which answers when every process that goes by it has followed. */
export function serveClock(port: number, clock: PlatformClock): Promise<LocalServer> {
  const reading = () => ({
    status: 200,
    body: { time: new Date(Date.now() + clock.aheadMs).toISOString(), ahead_seconds: clock.aheadMs / 1000 },
  });
  const routes: JsonRoute[] = [
    { method: 'GET', path: '/clock', handle: reading },
    {
      method: 'POST',
      path: '/clock:advance',
      handle: async (request) => {
        await clock.advance(request.json(advanceSchema).seconds);
        return reading();
      },
    },
  ];
  return startJsonServer({ port, routes });
}
