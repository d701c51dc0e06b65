import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { containerPort, type Ports, portNamesOf, servicePort } from './ports.ts';
import { PreviewError } from './preview-error.ts';

/** A second instance of a service, which only requests meet whose token asks for it. */
export interface PreviewTarget {
  readonly service: string;
  /** As Cloud Run names a revision, such as "pr-123". */
  readonly tag: string;
}

/** The instance's name: of its process, its log, its cluster. No other name begins with a service's and a hyphen. */
type PreviewName = `${string}-${string}`;

/** A preview that runs here. */
export interface LocalPreview extends PreviewTarget {
  readonly name: PreviewName;
  /** The IAM check in front of it. */
  readonly port: number;
  readonly containerPort: number;
}

/** A tag of Cloud Run; it stands in one label of a host name with its service. https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration#tags */
const tagPattern = /^[a-z]([a-z0-9-]{0,44}[a-z0-9])?$/;

/** The instance's name. */
export function previewName({ service, tag }: PreviewTarget): PreviewName {
  return `${service}-${tag}`;
}

/** Checks that a preview is of a service, with a tag that Cloud Run takes. @throws {PreviewError} */
export function checkedTarget({ service, tag }: PreviewTarget): PreviewTarget {
  if (!serviceNames.includes(service)) throw new PreviewError(`there is no service "${service}": there are ${serviceNames.join(', ')}`);
  if (!tagPattern.test(tag)) {
    throw new PreviewError(
      `"${tag}" is no tag: up to 46 lower-case letters, digits and hyphens, which begin with a letter and do not end with a hyphen, such as pr-123`,
    );
  }
  return { service, tag };
}

/** Reads "partner=pr-123", once for each preview. @throws {PreviewError} */
export function parsePreviews(texts: readonly string[]): PreviewTarget[] {
  return texts.map((text, index) => {
    if (texts.indexOf(text) < index) throw new PreviewError(`--preview ${text} stands twice`);
    const [, service, tag] = /^([^=]+)=([^=]+)$/.exec(text) ?? [];
    if (service !== undefined && tag !== undefined && serviceNames.includes(service) && tagPattern.test(tag)) return { service, tag };
    throw new PreviewError(
      `--preview is "${text}": a service (${serviceNames.join(', ')}), "=" and a tag of lower-case letters, digits and hyphens, such as ${serviceNames[0]}=pr-123`,
    );
  });
}

/** A share of a service's requests, for one of its previews. */
export interface PreviewTraffic extends PreviewTarget {
  /** From 0 to 100. */
  readonly percent: number;
}

/** Reads "partner=v2:10", for previews that there are. @throws {PreviewError} */
export function parseTraffic(texts: readonly string[], previews: readonly PreviewTarget[]): PreviewTraffic[] {
  const traffic = texts.map((text) => {
    const [, service = '', tag = '', percent] = /^([^=]+)=([^=:]+):(\d{1,3})$/.exec(text) ?? [];
    if (percent === undefined || Number(percent) > 100) {
      throw new PreviewError(`--traffic is "${text}": a preview and its percent of the requests, such as ${serviceNames[0]}=v2:10`);
    }
    if (!previews.some((preview) => preview.service === service && preview.tag === tag)) {
      throw new PreviewError(`--traffic ${text}: there is no such preview; begin with it by --preview ${service}=${tag}`);
    }
    return { service, tag, percent: Number(percent) };
  });
  for (const { service } of traffic) {
    const sum = traffic.reduce((percents, share) => percents + (share.service === service ? share.percent : 0), 0);
    if (sum > 100) throw new PreviewError(`--traffic gives previews of ${service} ${sum} percent, and there are 100`);
  }
  return traffic;
}

/** The names of the two ports that each preview needs. */
export function previewPortNames(targets: readonly PreviewTarget[]): string[] {
  return targets.flatMap((target) => portNamesOf(previewName(target)));
}

/** The previews at their ports. */
export function placePreviews(targets: readonly PreviewTarget[], ports: Ports): LocalPreview[] {
  return targets.map((target) => {
    const name = previewName(target);
    return { ...target, name, port: servicePort(ports, name), containerPort: containerPort(ports, name) };
  });
}
