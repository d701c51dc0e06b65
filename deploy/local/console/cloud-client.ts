import { HttpProblem } from '../shared/http/http-problem.ts';

/**
 * Asks the local cloud's inspector, which is away while that process is started again.
 *
 * @throws {HttpProblem} its own, or 503 where it does not answer.
 */
export async function askCloud<T>(port: number, path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`http://127.0.0.1:${port}${path}`, {
      ...(body !== undefined && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  } catch {
    throw new HttpProblem(503, 'unavailable', 'The local cloud does not answer: it is stopped, or is being started again.');
  }
  const answer = (await response.json()) as T & { readonly error?: { readonly code: string; readonly message: string } };
  if (!response.ok)
    throw new HttpProblem(response.status, answer.error?.code ?? 'unknown', answer.error?.message ?? `HTTP ${response.status}`);
  return answer;
}
