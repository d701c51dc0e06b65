/** Looks whether an edge gateway answers as it should: `node deploy/cloud-run/smoke.ts https://candidate.api.example.com`. */

import { callOf, createClient } from '../../services/platform/contracts/client.ts';
import { errorText } from '../../services/platform/contracts/error-text.ts';
import { listMethods } from '../../services/platform/contracts/methods.ts';
import { guardedRead, openRead } from '../environments/open-read.ts';

/** What is tried, and what is wrong with the answer; undefined where nothing is. */
type Check = readonly [what: string, fault: (url: string) => Promise<string | undefined>];

const timeoutMs = 20_000;
const open = openRead();
/** What only a token opens; any path does where nothing is: it is not told from one that is. */
const guarded = guardedRead()?.path ?? '/v1/no-such-path';

const checks: readonly Check[] = [
  [
    'a public read comes back from the database, as JSON',
    async (url) => {
      const response = await get(url, open.path);
      if (response.status !== 200) return `HTTP ${response.status}`;
      const body: unknown = await response.json().catch(() => undefined);
      return typeof body === 'object' && body !== null ? undefined : 'the body is not a JSON object';
    },
  ],
  [
    'the same read comes back over gRPC',
    async (url) => {
      const method = listMethods().find(({ grpcPath }) => grpcPath === open.grpcPath)?.desc;
      if (method === undefined) return `no proto has ${open.grpcPath}`;
      const client = createClient(method.parent, { url });
      try {
        await callOf(client, method.localName)({}, { deadline: new Date(Date.now() + timeoutMs) });
        return undefined;
      } finally {
        client.close();
      }
    },
  ],
  ['nobody reads without a token what asks for one', (url) => refusal(url, guarded, {})],
  [
    'a header of ours is not believed',
    (url) => refusal(url, guarded, { 'x-serverless-authorization': 'Bearer e30.e30.SIGNATURE_REMOVED_BY_GOOGLE' }),
  ],
  ['an unknown path is not told from a known one', (url) => refusal(url, '/v1/no-such-path', {})],
];

const [url] = process.argv.slice(2);
if (url === undefined || !URL.canParse(url)) {
  process.stderr.write('usage: node deploy/cloud-run/smoke.ts URL\n');
  process.exitCode = 2;
} else {
  for (const [what, check] of checks) {
    const fault = await check(url).catch((error: unknown) => errorText(error));
    process.stdout.write(`${fault === undefined ? 'ok  ' : 'FAIL'} ${what}${fault === undefined ? '' : `: ${fault}`}\n`);
    if (fault !== undefined) process.exitCode = 1;
  }
}

async function refusal(url: string, path: string, headers: Record<string, string>): Promise<string | undefined> {
  const { status } = await get(url, path, headers);
  return status === 401 ? undefined : `HTTP ${status}, expected 401`;
}

function get(url: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(new URL(path, url), { headers, signal: AbortSignal.timeout(timeoutMs) });
}
