import { devToken } from '../../deploy/local/platform/dev-token.ts';
import type { Endpoints } from '../../deploy/local/platform/endpoints.ts';
import { type Random, randomOf } from '../../gateway/conformance/fuzz/random.ts';
import { type Audience, audiences } from '../../gateway/openapi/audience.ts';
import { ApiDocument } from './api-document.ts';
import { documentVerdict } from './document-verdict.ts';
import { type Answer, gatewayVerdict } from './gateway-verdict.ts';
import { goodTrial } from './generate-trial.ts';
import { mutateTrial, mutationNames } from './mutate-trial.ts';
import { strictnessOf } from './strictness.ts';
import { bodyOf, type TokenKind, type Trial, targetOf } from './trial.ts';

/** What a run found. */
interface VerdictReport {
  /** Requests that document and gateway took, refused for their token, and refused for what they say. */
  readonly agreed: Readonly<Record<string, number>>;
  /** Requests that they differ in, by the kind of difference, with one of each. */
  readonly differences: ReadonlyMap<string, { readonly count: number; readonly example: string }>;
  /** What must not be. */
  readonly findings: readonly string[];
  /** Requests by operation. */
  readonly operations: ReadonlyMap<string, number>;
}

/** What is sent. */
interface VerdictOptions {
  readonly seed: number;
  readonly requests: number;
  /** The run ends at so many findings. */
  readonly enough: number;
  /** Changes the text of a document, to see that one which is not true is noticed. */
  readonly change?: (document: string) => string;
}

/** Requests under way at one time. */
const concurrency = 16;

/**
 * Sends requests that are made from the documents of the edge and mutated, and compares what the documents say of each with what gateway and service say. The
 * same seed makes the same requests.
 */
export async function compareVerdicts(
  endpoints: Pick<Endpoints, 'edge' | 'issuer'>,
  { seed, requests, enough, change = (document) => document }: VerdictOptions,
): Promise<VerdictReport> {
  const random = randomOf(seed);
  const agreed: Record<string, number> = { taken: 0, token: 0, invalid: 0 };
  const differences = new Map<string, { count: number; example: string }>();
  const findings: string[] = [];
  const operations = new Map<string, number>();
  const sources = await Promise.all(
    audiences.map(async (audience) => ({
      api: new ApiDocument(change(await (await fetch(`${endpoints.edge}/openapi/${audience}.json`)).text())),
      tokens: await tokensOf(endpoints, audience),
    })),
  );
  const all = sources.flatMap(({ api, tokens }) => api.operations.map((operation) => ({ api, tokens, operation })));
  // Each operation in turn, so that none is left to chance; what waits for something long now and then.
  const quick = all.filter(({ operation }) => operation.isStream || operation['x-deadline-seconds'] <= 15);
  const turns = [...Array.from({ length: 15 }, () => quick).flat(), ...all.filter((one) => !quick.includes(one))];

  async function runOne(index: number): Promise<void> {
    const { api, tokens, operation } = turns[index % turns.length]!;
    const trial = nextTrial(random, api, goodTrial(random, api, operation));
    operations.set(operation.operationId, (operations.get(operation.operationId) ?? 0) + 1);
    const wanted = documentVerdict(api, trial);
    const answer = await send(endpoints.edge, trial, tokens[trial.token]);
    const found = gatewayVerdict(api, operation, answer);
    const shown = `${operation.httpMethod} ${targetOf(trial)} ${bodyOf(trial) ?? ''} with token ${trial.token}`.slice(0, 1500);
    const said = `${answer.status} ${answer.text.slice(0, 600)}`;
    for (const fault of found.faults) findings.push(`${shown}\n  is answered with ${fault}\n  ${said}`);
    const differ = (kind: string) => {
      const known = differences.get(kind);
      differences.set(kind, { count: (known?.count ?? 0) + 1, example: known?.example ?? `${shown} -> ${said}` });
    };
    if (wanted.verdict === found.verdict) {
      agreed[found.verdict]! += 1;
    } else if (wanted.verdict === 'invalid' && found.verdict === 'taken') {
      const grave = wanted.faults.filter(({ lenience }) => lenience === undefined);
      if (grave.length > 0)
        findings.push(`${shown}\n  is taken, and the document says: ${grave.map(({ text }) => text).join('; ')}\n  ${said}`);
      else for (const kind of new Set(wanted.faults.map(({ lenience }) => lenience!))) differ(kind);
    } else if (wanted.verdict === 'taken' && found.verdict === 'invalid') {
      const kind = strictnessOf(api, found);
      if (kind === undefined) findings.push(`${shown}\n  is refused, and the document has nothing against it\n  ${said}`);
      else differ(kind);
    } else {
      findings.push(`${shown}\n  is "${found.verdict}" to the gateway and "${wanted.verdict}" to the document\n  ${said}`);
    }
  }

  let next = 0;
  const worker = async () => {
    while (next < requests && findings.length < enough) await runOne(next++);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { agreed, differences, findings, operations };
}

function nextTrial(random: Random, api: ApiDocument, good: Trial): Trial {
  let trial = good;
  // A quarter goes as it is, some are changed more than once. Not every change is one of every request.
  for (let changes = random.pick([0, 1, 1, 2]); changes > 0; changes--) {
    const before = trial;
    for (let tries = 0; trial === before && tries < 5; tries++) trial = mutateTrial(random, api, trial, random.pick(mutationNames));
  }
  return trial;
}

async function send(edge: string, trial: Trial, token: string | undefined): Promise<Answer> {
  const body = bodyOf(trial);
  const leaving = new AbortController();
  const response = await fetch(`${edge}${targetOf(trial)}`, {
    method: trial.operation.httpMethod,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body }),
    signal: leaving.signal,
  });
  const contentType = response.headers.get('content-type') ?? '';
  // A stream has no end: that it begins is its answer.
  if (response.status === 200 && trial.operation.isStream) {
    leaving.abort();
    return { status: 200, contentType, text: '' };
  }
  return { status: response.status, contentType, text: await response.text() };
}

async function tokensOf(
  endpoints: Pick<Endpoints, 'issuer'>,
  audience: Audience,
): Promise<Readonly<Record<TokenKind, string | undefined>>> {
  const callers = {
    customers: ['customer', 'hana'],
    partners: ['partner', 'acme'],
    operators: ['operator', 'operator@kumiko.example'],
  } as const;
  const [kind, subject] = callers[audience];
  const [otherKind, otherSubject] = callers[audience === 'customers' ? 'partners' : 'customers'];
  return {
    right: await devToken(endpoints, kind, subject),
    none: undefined,
    'of-another-audience': await devToken(endpoints, otherKind, otherSubject),
    expired: await devToken(endpoints, kind, subject, { ttl_seconds: -600 }),
    garbage: 'a.b.c',
  };
}
