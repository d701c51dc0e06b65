import { compileBootstrap } from '../bootstrap/compile-bootstrap.ts';
import type { StageName } from './conformance-case.ts';
import { environmentOf } from './local-environment.ts';
import { withShortTimes } from './short-times.ts';
import type { Surroundings } from './surroundings.ts';
import { trapBootstrap } from './trap-bootstrap.ts';

/** A bootstrap that cases run on, and the Envoy that serves it. */
export interface Stage {
  /** The listener that clients come in by. */
  readonly listener: string;
  bootstrap(around: Surroundings): unknown;
  /** Further arguments of Envoy. */
  readonly args?: readonly string[];
  /** It knows what the control plane tells. */
  readonly previews?: true;
}

/** The bootstraps as they are compiled for deployments; only addresses differ, and what is said here. */
export const stages: Readonly<Record<StageName, Stage>> = {
  edge: { listener: 'edge', bootstrap: (around) => compileBootstrap({ role: 'edge', environment: environmentOf(around) }) },

  // As in production: TLS upstreams, trusted proxies, one origin of apps, previews as in staging, reflection closed. Nobody listens where the collector should be.
  guarded: {
    listener: 'edge',
    previews: true,
    bootstrap: (around) => {
      const local = environmentOf(around);
      const secure = (server: 'tls' | 'tls-other-name' | 'tls-other-authority') => `https://localhost:${around.upstream.portOf(server)}`;
      const environment = {
        ...local,
        name: 'production' as const,
        services: { ...local.services, partner: { url: secure('tls') } },
        trustedCaFile: around.files.ca,
        trustedHops: 2,
        corsOrigins: ['https://app.kumiko.example'],
        otelCollector: { host: '127.0.0.1', port: 1, samplingPercent: 0 },
        introspection: undefined,
        previews: { controlPlane: around.controlPlane.url },
        documents: undefined,
      };
      around.controlPlane.tell(
        [
          { service: 'customer', tag: 'pr-7', url: `http://127.0.0.1:${around.upstream.portOf('other')}` },
          { service: 'partner', tag: 'other-name', url: secure('tls-other-name') },
          { service: 'partner', tag: 'other-authority', url: secure('tls-other-authority') },
        ],
        environment,
      );
      return compileBootstrap({ role: 'edge', environment });
    },
  },

  // Limits and times so small that a case meets them, and no token of the gateway for the webhook service.
  limited: {
    listener: 'edge',
    bootstrap: (around) => {
      const environment = {
        ...environmentOf(around),
        trustedHops: 2,
        rateLimits: { clientPerSecond: 10, callerPerSecond: 2, anonymousPerSecond: 1000 },
        metadataServer: { host: '127.0.0.1', port: around.poorMetadata.port },
      };
      return withShortTimes(environment);
    },
  },

  // Drained by its cases, with what deploy/docker/gateway-entrypoint.sh starts Envoy with but for the time.
  draining: {
    listener: 'edge',
    bootstrap: (around) => compileBootstrap({ role: 'edge', environment: environmentOf(around) }),
    args: ['--drain-time-s', '2', '--drain-strategy', 'immediate'],
  },

  jobs: { listener: 'jobs', bootstrap: (around) => compileBootstrap({ role: 'jobs', environment: environmentOf(around) }) },

  trapping: { listener: 'trapping', bootstrap: trapBootstrap },
};
