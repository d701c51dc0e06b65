import type { InstanceHost } from './instance-host.ts';

/** Instances that others run: each revision has one, at a port of this machine. It is there, or will be again; nothing is started or ended. */
export function fixedHost(portOf: (revision: string) => number): InstanceHost {
  return {
    start: async (revision) => ({ id: revision, pid: process.pid, port: portOf(revision), ended: new Promise(() => {}), stop: () => {} }),
  };
}
