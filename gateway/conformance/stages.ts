import { compileBootstrap } from '../bootstrap/compile-bootstrap.ts';
import { type GatewayEnvironment, readEnvironment } from '../bootstrap/environment.ts';
import type { Place } from './conformance-case.ts';
import { labBootstrap } from './lab/lab-bootstrap.ts';
import type { Surroundings } from './surroundings.ts';

/** A bootstrap that cases run on. */
export type StageName = 'edge' | 'guarded' | 'jobs' | 'lab';

/** The bootstraps: ours as they are compiled for production, and the lab's for what ours do not have. Only addresses differ from a deployment. */
export const stages: Readonly<Record<StageName, (around: Surroundings) => unknown>> = {
  edge: (around) => compileBootstrap({ role: 'edge', environment: environmentOf(around) }),
  // What is off locally and on in production; limits so high that no case meets them.
  guarded: (around) =>
    compileBootstrap({
      role: 'edge',
      environment: {
        ...environmentOf(around),
        compression: true,
        trustedHops: 1,
        rateLimits: { clientPerSecond: 10_000, callerPerSecond: 10_000, anonymousPerSecond: 10_000 },
        previews: [{ service: 'customer', tag: 'pr-7', url: `http://127.0.0.1:${around.upstream.ports.other}` }],
      },
    }),
  jobs: (around) => compileBootstrap({ role: 'jobs', environment: environmentOf(around) }),
  lab: labBootstrap,
};

/** The bootstrap and the listener of a place. */
export function locate(place: Place): { readonly stage: StageName; readonly listener: string } {
  switch (place) {
    case 'edge':
    case 'guarded':
      return { stage: place, listener: 'edge' };
    case 'jobs':
      return { stage: place, listener: 'jobs' };
    default:
      return { stage: 'lab', listener: place.slice('lab.'.length) };
  }
}

function environmentOf({ upstream, authority }: Surroundings): GatewayEnvironment {
  const local = readEnvironment('gateway/bootstrap/environments/local.yaml');
  const jwksUri = `http://127.0.0.1:${authority.port}/jwks.json`;
  const url = `http://127.0.0.1:${upstream.port}`;
  const { customer, partner, google } = local.identity;
  return {
    ...local,
    identity: { customer: { ...customer, jwksUri }, partner: { ...partner, jwksUri }, google: { ...google, jwksUri } },
    services: { customer: { url }, partner: { url }, webhook: { url }, job: { url } },
    metadataServer: { host: '127.0.0.1', port: authority.port },
  };
}
