import { createHash, timingSafeEqual } from 'node:crypto';
import { HttpProblem } from '../shared/http/http-problem.ts';
import type { JsonRequest } from '../shared/http/json-server.ts';

/** Makes a check of `Authorization: Bearer <key>` that throws HttpProblem 401. */
export function createKeyCheck(key: string): (request: JsonRequest) => void {
  const expected = sha256(`Bearer ${key}`);
  return (request) => {
    if (!timingSafeEqual(sha256(request.headers.authorization ?? ''), expected)) {
      throw new HttpProblem(401, 'unauthorized', 'Send the API key as "Authorization: Bearer <key>".');
    }
  };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
