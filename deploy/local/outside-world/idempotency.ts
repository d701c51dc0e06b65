import { createHash } from 'node:crypto';
import { HttpProblem } from '../shared/http/http-problem.ts';
import type { JsonRequest, JsonResponse } from '../shared/http/json-server.ts';
import type { Store } from '../shared/store/open-store.ts';

/** Tables that `createIdempotency` needs. */
export const idempotencySchema = `
  CREATE TABLE IF NOT EXISTS idempotency (key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
`;

/** Answers a request by its `Idempotency-Key`: the same request as the first time, another one 409. */
type AnswerOnce = (request: JsonRequest, work: () => JsonResponse) => JsonResponse;

/**
 * Runs `work` and keeps its answer in one transaction. A problem that `work` throws undoes everything and is not kept, so the key may be
 * used again. An answer that it returns is kept, a declined one too.
 *
 * @throws HttpProblem 400 without a key, 409 for a key of another request.
 */
export function createIdempotency({ database, transaction }: Store): AnswerOnce {
  const find = database.prepare('SELECT fingerprint, status, body FROM idempotency WHERE key = ?');
  const insert = database.prepare('INSERT INTO idempotency (key, fingerprint, status, body) VALUES (?, ?, ?, ?)');
  return (request, work) => {
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string' || key === '') throw new HttpProblem(400, 'idempotency_key_missing', 'Send an "Idempotency-Key".');
    const fingerprint = createHash('sha256').update(`${request.method} ${request.path}\n`).update(request.rawBody).digest('hex');
    return transaction(() => {
      const seen = find.get(key);
      if (seen !== undefined) {
        if (seen['fingerprint'] !== fingerprint) {
          throw new HttpProblem(409, 'idempotency_key_reused', 'This Idempotency-Key was used for another request.');
        }
        return { status: Number(seen['status']), body: JSON.parse(String(seen['body'])) };
      }
      const response = work();
      insert.run(key, fingerprint, response.status, JSON.stringify(response.body));
      return response;
    });
  };
}
