import * as z from 'zod';
import {
  audienceOf,
  gateways,
  runningWorkloads,
  serviceAccountEmail,
  triggerPrincipal,
} from '../../../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../../../services/platform/contracts/services.ts';
import { HttpProblem } from '../../shared/http/http-problem.ts';
import type { TokenMint } from './token-mint.ts';

/** The kinds of tokens that a person can ask for. */
export const tokenKinds = ['customer', 'partner', 'operator', 'trigger', 'service'] as const;

const triggers = Object.values(triggerPrincipal);
const targets = [...gateways, ...serviceNames];

/** The body of `POST /token`. */
export const tokenRequestSchema = z.strictObject({
  kind: z.enum(tokenKinds),
  /** Customer id, partner id, operator's e-mail, trigger (pubsub, tasks, scheduler) or the service that is to be called. */
  subject: z.string().min(1).max(128),
  /** One hour unless told; negative for a token that has expired. */
  ttl_seconds: z.int().min(-86_400).max(86_400).optional(),
  /** How far off the clock of the token's issuer is, in seconds; 0 unless told. */
  skew_seconds: z.int().min(-86_400).max(86_400).optional(),
  audience: z.string().min(1).max(512).optional(),
  preview: z.record(z.string().regex(/^[a-z][a-z0-9]*$/), z.string().regex(/^[a-z][a-z0-9-]{0,45}$/)).optional(),
  /** For kind "service": whose service account calls. edge-gateway unless told. */
  as: z.enum(runningWorkloads).optional(),
});

/** A request of `POST /token`. */
export type TokenRequest = z.infer<typeof tokenRequestSchema>;

/**
 * Answers a request of `POST /token`.
 *
 * @throws HttpProblem 400 where the subject is none of the kind.
 */
export function mintRequestedToken(mint: TokenMint, project: string, request: TokenRequest): Promise<string> {
  const { kind, subject } = request;
  const variation = {
    ttlSeconds: request.ttl_seconds,
    skewSeconds: request.skew_seconds,
    audience: request.audience,
    preview: request.preview,
  };
  switch (kind) {
    case 'customer':
      return mint.mintCustomerToken({ sub: subject, ...variation });
    case 'partner':
      return mint.mintPartnerToken({ sub: subject, ...variation });
    case 'operator':
      if (!subject.includes('@'))
        throw new HttpProblem(400, 'invalid_subject', `An operator is named by an e-mail address, not "${subject}".`);
      return mint.mintOperatorToken(subject, variation);
    case 'trigger': {
      const account = serviceAccountEmail(oneOf(triggers, subject, 'a trigger'), project);
      return mint.mintGoogleToken(account, request.audience ?? audienceOf('jobs', project), variation);
    }
    case 'service': {
      const audience = request.audience ?? audienceOf(oneOf(targets, subject, 'a service or gateway'), project);
      return mint.mintGoogleToken(serviceAccountEmail(request.as ?? 'edge-gateway', project), audience, variation);
    }
  }
}

function oneOf<T extends string>(accepted: readonly T[], value: string, what: string): T {
  const found = accepted.find((candidate) => candidate === value);
  if (found === undefined) throw new HttpProblem(400, 'invalid_subject', `"${value}" is not ${what}: use one of ${accepted.join(', ')}.`);
  return found;
}
