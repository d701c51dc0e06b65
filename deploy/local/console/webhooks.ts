import * as z from 'zod';
import type { Endpoints } from '../platform/endpoints.ts';
import { HttpProblem } from '../shared/http/http-problem.ts';
import type { JsonRoute } from '../shared/http/json-server.ts';
import type { WebhookRow } from './api.ts';

const sendSchema = z.strictObject({ system: z.string().max(100), seq: z.int().min(1), signature: z.enum(['good', 'broken']) });

/** What the systems of the outside world have sent to the platform, of those that say so at /control/webhooks. */
export function webhookRoutes(endpoints: () => Endpoints): JsonRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/webhooks',
      handle: async () => {
        const systems = await Promise.all(
          Object.entries(endpoints().outside).map(async ([system, url]) => ({ system, webhooks: await webhooksOf(url) })),
        );
        return { status: 200, body: { systems: systems.filter(({ webhooks }) => webhooks !== undefined) } };
      },
    },
    {
      method: 'POST',
      path: '/api/webhooks',
      handle: async (request) => {
        const { system, seq, signature } = request.json(sendSchema);
        const url = endpoints().outside[system];
        if (url === undefined) throw new HttpProblem(404, 'not_found', `The outside world has no "${system}".`);
        const response = await fetch(`${url}/control/webhooks`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ seq, signature }),
        });
        const answer = (await response.json()) as { error?: { message: string } };
        if (!response.ok) throw new HttpProblem(response.status, 'refused', answer.error?.message ?? `HTTP ${response.status}`);
        return { status: 200, body: answer };
      },
    },
  ];
}

async function webhooksOf(url: string): Promise<WebhookRow[] | undefined> {
  try {
    const response = await fetch(`${url}/control/webhooks`);
    return response.ok ? ((await response.json()) as { webhooks: WebhookRow[] }).webhooks : undefined;
  } catch {
    return undefined;
  }
}
