import type { startControlPlane } from '../start-control-plane.ts';

type ControlPlaneOptions = Parameters<typeof startControlPlane>[0];

/** For a control plane that lists nothing by itself, and that no operator asks. */
export const noOperators: Pick<ControlPlaneOptions, 'isOperator' | 'watch'> = {
  isOperator: () => false,
  watch: { state: { listedAt: undefined, fault: undefined, faults: [] } },
};
