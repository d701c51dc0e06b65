import { compareHeaders } from './compare-headers.ts';
import type { ExpectedUpstream } from './conformance-case.ts';
import { hasJson, sameJson } from './same-json.ts';
import type { ScriptedUpstream, SeenRequest } from './scripted-upstream.ts';

/** What is wrong with what reached the upstream. Whatever the case says, it has to come in the upstream's own name. */
export function compareUpstream({ seen, portOf }: ScriptedUpstream, expected: ExpectedUpstream | 'untouched'): string[] {
  if (expected === 'untouched') return seen.length === 0 ? [] : [`the upstream got ${seen[0]!.path}`];
  const attempts = expected.attempts ?? 1;
  if (seen.length !== attempts)
    return [`the upstream got ${seen.length} requests, not ${attempts}: ${seen.map(({ path }) => path).join(', ')}`];
  const last = seen.at(-1)!;
  const faults = last.path === expected.path ? [] : [`the upstream got ${last.path}, not ${expected.path}`];
  const authority = last.headers.get(':authority') ?? '';
  if (!authority.endsWith(`:${portOf(last.via)}`)) faults.push(`${last.via} was asked in the name of ${authority}`);
  if (expected.via !== undefined && last.via !== expected.via) faults.push(`the request came to ${last.via}, not ${expected.via}`);
  faults.push(...compareMessage(last, expected));
  if (expected.audience !== undefined) {
    const audience = audienceIn(last.headers.get('x-serverless-authorization'));
    if (audience !== expected.audience) faults.push(`the gateway's token is for ${audience}, not ${expected.audience}`);
  }
  faults.push(...compareHeaders('upstream trailer', expected.trailers ?? {}, last.trailers));
  return [...faults, ...compareHeaders('upstream header', expected.headers ?? {}, last.headers)];
}

function compareMessage({ messages: [got] }: SeenRequest, { message, fields }: ExpectedUpstream): string[] {
  const faults: string[] = [];
  if (message !== undefined && (got === undefined || !sameJson(got, message)))
    faults.push(`the upstream got the message ${JSON.stringify(got)}, not ${JSON.stringify(message)}`);
  if (fields !== undefined && !hasJson(got, fields))
    faults.push(`the upstream got the message ${JSON.stringify(got)}, without ${JSON.stringify(fields)}`);
  return faults;
}

function audienceIn(header: string | undefined): unknown {
  const payload = header?.split('.')[1];
  return payload === undefined ? undefined : (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { aud?: unknown }).aud;
}
