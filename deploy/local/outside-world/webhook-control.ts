import * as z from 'zod';
import { HttpProblem } from '../shared/http/http-problem.ts';
import type { JsonRoute } from '../shared/http/json-server.ts';
import type { WebhookOutbox } from './webhook-outbox.ts';

const sendSchema = z.strictObject({ seq: z.int().min(1), signature: z.enum(['good', 'broken']) });

/** Lets people see the webhooks of a system and send one again: `GET /control/webhooks`, and `POST` with {"seq", "signature"}. Bodies are masked. */
export function webhookControl(webhooks: Pick<WebhookOutbox, 'list' | 'sendAgain'>): JsonRoute[] {
  return [
    { method: 'GET', path: '/control/webhooks', handle: () => ({ status: 200, body: { webhooks: webhooks.list() } }) },
    {
      method: 'POST',
      path: '/control/webhooks',
      handle: async (request) => {
        const { seq, signature } = request.json(sendSchema);
        const answer = await webhooks.sendAgain(seq, signature);
        if (answer === undefined) throw new HttpProblem(404, 'not_found', `There is no webhook ${seq}, or it is forgotten.`);
        return { status: 200, body: { answer } };
      },
    },
  ];
}
