import { errorText } from '../../services/platform/contracts/error-text.ts';
import { EnvoyError } from '../envoy/envoy-error.ts';
import { type RunningEnvoy, startEnvoy } from '../envoy/start-envoy.ts';
import { send } from './case-client.ts';
import type { ConformanceCase, StageName, TokenSpec } from './conformance-case.ts';
import { type CaseBench, protocolsOf, runCase } from './run-case.ts';
import { stages } from './stages.ts';
import { startSurroundings } from './surroundings.ts';
import { untilReady } from './until-ready.ts';

/** An Envoy for each stage with everything around it, ready for cases. One case at a time: they share the upstream. */
export interface Rig {
  /** What differs, by each protocol; nothing where the case holds. Starts the case's stage at the first need. */
  run(one: ConformanceCase): Promise<string[]>;
  /** Where cases of a stage run. */
  bench(stage: StageName): Promise<CaseBench>;
  close(): Promise<void>;
}

/** What has to be let in before a stage's keys and tokens are there. */
const edgeProbe = { method: 'GET', path: '/v1/profile', token: { as: 'customer' } } as const;
const probes: Readonly<Record<StageName, { readonly method: string; readonly path: string; readonly token: TokenSpec }>> = {
  edge: edgeProbe,
  guarded: edgeProbe,
  limited: edgeProbe,
  draining: edgeProbe,
  jobs: { method: 'POST', path: '/v1/tasks/release-hold', token: { as: 'queue' } },
  trapping: edgeProbe,
};

// Milliseconds. The longest case waits for what Envoy does after some seconds; the rest is for a machine that is busy.
const caseLimit = 60_000;

/** Starts the surroundings of an Envoy. */
export async function openRig(): Promise<Rig> {
  const around = await startSurroundings();
  const running = new Map<StageName, Promise<RunningEnvoy>>();

  async function start(stage: StageName): Promise<RunningEnvoy> {
    const { bootstrap, listener, args = [], previews = false } = stages[stage];
    const envoy = await startEnvoy(bootstrap(around), { folder: around.files.folder, args });
    const { method, path, token } = probes[stage];
    const headers = [['authorization', `Bearer ${await around.authority.token(token)}`]] as const;
    around.upstream.script(undefined);
    await untilReady(envoy, {
      ask: async () => (await send(envoy.ports[listener]!, { protocol: 'HTTP/1.1', method, path, headers, body: undefined })).status,
      ...(previews && { previews: around.controlPlane.store.served.keys() }),
    });
    return envoy;
  }

  async function bench(stage: StageName): Promise<CaseBench> {
    const started = running.get(stage) ?? start(stage);
    running.set(stage, started);
    const envoy = await started;
    const { registry, upstream, authority } = around;
    return { envoy, port: envoy.ports[stages[stage].listener]!, registry, upstream, authority };
  }

  async function run(one: ConformanceCase): Promise<string[]> {
    const faults: string[] = [];
    for (const protocol of protocolsOf(one)) {
      try {
        const found = await within(caseLimit, runCase(await bench(one.at ?? 'edge'), one, protocol));
        faults.push(...found.map((fault) => `${protocol}: ${fault}`));
      } catch (error) {
        // No case of the stage can run: that is no fault of this one.
        if (error instanceof EnvoyError) throw error;
        faults.push(`${protocol}: ${errorText(error)}`);
      }
    }
    return faults;
  }

  let closing: Promise<void> | undefined;
  async function closeAll(): Promise<void> {
    // A stage that did not start has told so to the case that needed it.
    await Promise.allSettled([...running.values()].map(async (one) => (await one).close()));
    await around.close();
  }

  return {
    run,
    bench,
    close: () => {
      closing ??= closeAll();
      return closing;
    },
  };
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
