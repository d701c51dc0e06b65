import { previewHeader } from '../../../services/platform/contracts/preview.ts';
import { type Proof, proofsOf } from '../../previews/proofs.ts';
import { untilMet } from '../../previews/until-met.ts';
import { devToken } from './dev-token.ts';
import { operatorEmail } from './place.ts';
import type { Ports } from './ports.ts';
import type { LocalPreview } from './previews.ts';
import { untilListed } from './until-listed.ts';

const limitMs = 30_000;
const pauseMs = 20;

/** Whom nobody knows: what is asked is looked at by nobody. */
const subject = 'preview';

/**
 * Resolves when a request has met a preview through each gateway that leads to its service. One of a service that only services call is met by none: then when the
 * gateways list it, of which services hear from where the gateways do.
 *
 * @throws {NotMet} where none has in time, {Error} where they do not list it in time.
 */
export async function untilPreviewMet(ports: Ports, { service, tag, name }: LocalPreview, signal: AbortSignal): Promise<void> {
  const proofs = proofsOf(service);
  if (proofs.length === 0) return untilListed(ports, { service, tag }, signal);
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
  await Promise.all(proofs.map(meets));
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
