import { startDataPlane } from '../../dataplane/start-data-plane.ts';
import type { Plane } from './plane.ts';

interface WithListeners {
  readonly static_resources: { readonly listeners: readonly { readonly name: string }[] };
}

/** The embedded data plane, in this process. */
export const embeddedPlane: Plane = {
  name: 'the embedded data plane',
  kind: 'embedded',
  start: async (bootstrap) => {
    const names = [...(bootstrap as WithListeners).static_resources.listeners.map(({ name }) => name), 'admin'];
    const plane = await startDataPlane(bootstrap, { ports: Object.fromEntries(names.map((name) => [name, 0])), accessLog: () => {} });
    return { ports: plane.ports, adminPort: plane.ports.admin!, close: () => plane.close() };
  },
};
