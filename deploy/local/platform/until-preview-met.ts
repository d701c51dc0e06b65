import { previewHeader } from '../../../services/platform/contracts/preview.ts';
import { type Proof, proofsOf } from '../../previews/proofs.ts';
import { untilMet } from '../../previews/until-met.ts';
import { devToken } from './dev-token.ts';
import { operatorEmail } from './place.ts';
import type { Ports } from './ports.ts';
import type { LocalPreview } from './previews.ts';

const limitMs = 30_000;
const pauseMs = 20;

/** Whom nobody knows: what is asked is looked at by nobody. */
const subject = 'preview';

/** Resolves when a request has met a preview through each gateway that leads to its service. @throws {NotMet} where none has in time. */
export async function untilPreviewMet(ports: Ports, { service, tag, name }: LocalPreview, signal: AbortSignal): Promise<void> {
  const meets = (proof: Proof) =>
    untilMet({
      url: `http://127.0.0.1:${ports[proof.gateway]}`,
      grpcPath: proof.grpcPath,
      headers: () => asking(proof, ports, { service, tag }),
      revision: name,
      limitMs,
      pauseMs,
      signal,
    });
  await Promise.all(proofsOf(service).map(meets));
}

/** At the edge the token says which preview; at jobs the request does, where the token is a trigger's. */
async function asking(
  proof: Proof,
  { issuer: port }: Ports,
  { service, tag }: Pick<LocalPreview, 'service' | 'tag'>,
): Promise<Record<string, string>> {
  const issuer = { issuer: `http://127.0.0.1:${port}` };
  if (proof.gateway === 'jobs')
    return { authorization: `Bearer ${await devToken(issuer, 'trigger', proof.trigger)}`, [previewHeader]: `${service}=${tag}` };
  const kind = proof.access === 'public' ? 'customer' : proof.access;
  const token = await devToken(issuer, kind, kind === 'operator' ? operatorEmail : subject, { preview: { [service]: tag } });
  return { authorization: `Bearer ${token}` };
}
