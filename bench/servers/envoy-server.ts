import { startEnvoy } from '../../gateway/envoy/start-envoy.ts';
import { threadsCpuMilliseconds } from '../load/process-cpu.ts';
import type { ServerProcess } from '../load/server-process.ts';

/** An Envoy on a bootstrap, with the port of its one listener. It never outlives this process. */
export async function startEnvoyServer(bootstrap: object, folder: string): Promise<ServerProcess> {
  const { pid, ports, close } = await startEnvoy(bootstrap, { folder });
  const [port, ...others] = Object.values(ports);
  if (port === undefined || others.length > 0) throw new Error(`the bootstrap has ${others.length + 1} listeners, not one`);
  // Its threads are there from start to end.
  return { pid, port, cpuMs: () => threadsCpuMilliseconds(pid), stop: close };
}
