import { type ControlPlane, startControlPlane } from '../start-control-plane.ts';

type Options = Parameters<typeof startControlPlane>[0];

/** A control plane on a free port that lists nothing by itself: what there is, a test publishes. Whoever asks is the edge gateway, and no operator, unless told. */
export function startTestControlPlane(options: Pick<Options, 'store'> & Partial<Options>): Promise<ControlPlane> {
  return startControlPlane({
    identify: () => 'edge-gateway',
    onRefused: () => {},
    onWithheld: () => {},
    isOperator: () => false,
    watch: { state: { listedAt: undefined, fault: undefined, faults: [] } },
    host: '127.0.0.1',
    port: 0,
    ...options,
  });
}
