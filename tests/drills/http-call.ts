import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from './answer.ts';
import type { TokenSource } from './token-source.ts';

/** What a call sends. */
export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT';
  readonly url: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One HTTP call; undefined where no answer came within ten seconds. */
async function callOnce({ method, url, body, headers }: HttpCall): Promise<Answer | undefined> {
  try {
    const response = await fetch(url, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : parse(text) };
  } catch {
    return undefined;
  }
}

const firstPauseMs = 100;
const longestPauseMs = 1_000;

/**
 * Repeats a call, as an app does, until the answer is one that a repetition does not change; undefined where none came in time.
 * A refused token is replaced by a new one first.
 */
export async function callUntilAnswered(call: HttpCall, tokens?: TokenSource, patienceMs = 60_000): Promise<Answer | undefined> {
  const deadline = Date.now() + patienceMs;
  for (let pauseMs = firstPauseMs; Date.now() < deadline; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const answer = tokens === undefined ? await callOnce(call) : await callAs(tokens, call);
    if (answer?.status === 401) tokens?.renew();
    else if (answer !== undefined && answer.status < 500 && answer.status !== 408 && answer.status !== 429) return answer;
    await delay(pauseMs);
  }
  return undefined;
}

/** One call with a caller's token; undefined also where there is none to be had. */
async function callAs(tokens: TokenSource, call: HttpCall): Promise<Answer | undefined> {
  const token = await tokens.token();
  if (token === undefined) return undefined;
  const sentAt = Date.now();
  const answer = await callOnce({ ...call, headers: { authorization: `Bearer ${token}` } });
  if (answer !== undefined) tokens.judge(token, answer, sentAt);
  return answer;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
