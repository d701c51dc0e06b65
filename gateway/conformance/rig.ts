import { setTimeout as wait } from 'node:timers/promises';
import { send } from './case-client.ts';
import type { ConformanceCase, Place, TokenSpec } from './conformance-case.ts';
import type { Plane, RunningPlane } from './planes/plane.ts';
import { type CaseBench, type CaseProtocol, runCase } from './run-case.ts';
import { locate, type StageName, stages } from './stages.ts';
import { startSurroundings } from './surroundings.ts';

/** A data plane with everything around it, ready for cases. One case at a time: they share the upstream. */
export interface Rig {
  /** What differs; nothing where the case passes. Starts the case's bootstrap at the first need. */
  run(one: ConformanceCase, protocol: CaseProtocol): Promise<string[]>;
  /** Where cases of a place run. */
  bench(place: Place): Promise<CaseBench>;
  close(): Promise<void>;
}

/** What has to be let in before a stage's keys are there. */
const probes: Readonly<
  Record<StageName, { readonly listener: string; readonly method: string; readonly path: string; readonly token: TokenSpec }>
> = {
  edge: { listener: 'edge', method: 'GET', path: '/v1/profile', token: { as: 'customer' } },
  guarded: { listener: 'edge', method: 'GET', path: '/v1/profile', token: { as: 'customer' } },
  jobs: { listener: 'jobs', method: 'POST', path: '/v1/tasks/release-hold', token: { as: 'trigger' } },
  lab: { listener: 'jwt', method: 'GET', path: '/customer', token: { as: 'customer' } },
};

// Keys are fetched while the listener is open already; milliseconds.
const keysLimit = 10_000;

/** Starts the surroundings of a data plane. */
export async function openRig(plane: Plane): Promise<Rig> {
  const around = await startSurroundings();
  const running = new Map<StageName, Promise<RunningPlane>>();

  async function start(stage: StageName): Promise<RunningPlane> {
    const started = await plane.start(stages[stage](around), around.files.folder);
    const { listener, method, path, token } = probes[stage];
    const headers = [['authorization', `Bearer ${await around.authority.token(token)}`]] as const;
    around.upstream.script(undefined);
    const deadline = Date.now() + keysLimit;
    for (;;) {
      const { status, body } = await send(started.ports[listener]!, { protocol: 'HTTP/1.1', method, path, headers, body: undefined });
      if (status === 200) return started;
      if (Date.now() > deadline) throw new Error(`${plane.name} answers ${status} to a good token on ${stage}: ${body.toString()}`);
      await wait(50);
    }
  }

  async function bench(place: Place): Promise<CaseBench> {
    const { stage, listener } = locate(place);
    let started = running.get(stage);
    if (started === undefined) {
      started = start(stage);
      running.set(stage, started);
    }
    const { ports, adminPort } = await started;
    const port = ports[listener];
    if (port === undefined) throw new Error(`${plane.name} has no listener ${listener} on ${stage}`);
    return { port, adminPort, registry: around.registry, upstream: around.upstream, authority: around.authority };
  }

  let closing: Promise<void> | undefined;
  async function closeAll(): Promise<void> {
    // A stage that did not start has told so to the case that needed it.
    await Promise.allSettled([...running.values()].map(async (one) => (await one).close()));
    await around.close();
  }

  return {
    bench,
    run: async (one, protocol) => await runCase(await bench(one.at ?? 'edge'), one, protocol),
    close: () => {
      closing ??= closeAll();
      return closing;
    },
  };
}
