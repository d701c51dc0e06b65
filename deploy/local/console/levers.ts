import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { errorCode } from '../../../services/platform/contracts/error-code.ts';
import { errorText } from '../../../services/platform/contracts/error-text.ts';
import { type AbortMessage, isAbortAnswer } from '../cloud/spanner/abort-message.ts';
import { usualAbortProbability } from '../cloud/spanner/transactions/abort-plan.ts';
import type { Disturbance } from '../cloud/start-cloud.ts';
import { PreviewError } from '../platform/preview-error.ts';
import { HttpProblem } from '../shared/http/http-problem.ts';
import type { JsonRequest, JsonRoute } from '../shared/http/json-server.ts';
import { noBody } from '../shared/http/json-server.ts';
import type { FaultState } from './api.ts';
import type { ConsolePlatform } from './console-platform.ts';

const clockSchema = z.strictObject({
  seconds: z
    .number()
    .positive()
    .max(400 * 86_400),
});
const target = { service: z.string().max(100), tag: z.string().max(100) };
const startSchema = z.strictObject({ ...target, from: z.string().min(1).max(4096).optional() });
const stopSchema = z.strictObject(target);
const deliveriesSchema = z.strictObject({ delayMs: z.int().min(0).max(60_000), repeat: z.boolean(), loseAnswers: z.boolean() });
const outsideSchema = z.strictObject({
  system: z.string().max(100),
  latencyMs: z.int().min(0).max(60_000),
  errorRate: z.number().min(0).max(1),
  declines: z.boolean(),
});
const faultsSchema = z.strictObject({
  deliveries: deliveriesSchema.optional(),
  metadataDown: z.boolean().optional(),
  abortProbability: z.number().min(0).max(1).optional(),
  outside: outsideSchema.optional(),
});

/** What a drill would roll dice for happens every time where a person asks for it. */
const always = 1;

/** What a person may do to the platform, each undone by its opposite. */
export function leverRoutes({ processes, clock, previews, disturb, endpoints, reset }: ConsolePlatform): JsonRoute[] {
  const held = new Set<string>();
  let disturbance: Disturbance = {};
  const process = (verb: string, work: (name: string) => Promise<unknown> | unknown): JsonRoute => ({
    method: 'POST',
    path: `/api/processes/{name}/${verb}`,
    handle: async (request) => {
      request.json(noBody);
      const name = request.params['name']!;
      if (!processes.list().some((one) => one.name === name)) throw new HttpProblem(404, 'not_found', `There is no process "${name}".`);
      await toldWhy(() => work(name));
      return { status: 200, body: {} };
    },
  });
  const done = async (work: () => Promise<unknown>) => {
    await toldWhy(work);
    return { status: 200, body: {} };
  };
  const faults = async (): Promise<FaultState> => {
    const aborts = await askAborts({});
    return {
      deliveries: disturbance.deliveries && {
        delayMs: disturbance.deliveries.delayMs,
        repeat: disturbance.deliveries.repeatRate > 0,
        loseAnswers: disturbance.deliveries.lostAnswerRate > 0,
      },
      metadataDown: disturbance.metadataDown ?? false,
      abortProbability: isAbortAnswer(aborts) ? aborts.abortProbability : undefined,
      held: [...held],
      outside: await Promise.all(Object.entries(endpoints().outside).map(([system, url]) => outsideFaults(system, url))),
    };
  };
  return [
    { method: 'POST', path: '/api/clock', handle: (request) => done(() => clock.advance(request.json(clockSchema).seconds)) },
    process('stop', (name) => ended(name, processes.halt(name))),
    process('start', (name) => ended(name, processes.resume(name))),
    process('hold', (name) => {
      signal(processes.pid(name), 'SIGSTOP');
      held.add(name);
    }),
    process('release', (name) => {
      signal(processes.pid(name), 'SIGCONT');
      held.delete(name);
    }),
    process('kill', (name) => {
      held.delete(name);
      signal(processes.pid(name), 'SIGKILL');
    }),
    {
      method: 'POST',
      path: '/api/previews',
      handle: (request) => {
        const { from, ...asked } = request.json(startSchema);
        return done(() => previews.start(asked, from));
      },
    },
    { method: 'POST', path: '/api/previews/stop', handle: (request) => done(() => previews.stop(request.json(stopSchema))) },
    {
      method: 'POST',
      path: '/api/reset',
      handle: (request) => {
        request.json(noBody);
        if (reset === undefined)
          throw new HttpProblem(409, 'failed', 'This platform was not started by npm start: start it anew yourself.');
        if (!reset()) throw new HttpProblem(409, 'failed', 'The platform is just beginning: ask again when its first data are there.');
        return { status: 202, body: {} };
      },
    },
    { method: 'GET', path: '/api/faults', handle: async () => ({ status: 200, body: await faults() }) },
    {
      method: 'POST',
      path: '/api/faults',
      handle: async (request) => {
        await setFaults(request);
        return { status: 200, body: await faults() };
      },
    },
    {
      method: 'POST',
      path: '/api/faults/lift',
      handle: async (request) => {
        request.json(noBody);
        await liftAll();
        return { status: 200, body: await faults() };
      },
    },
  ];

  /** What ends does not stand still any more. */
  function ended(name: string, work: Promise<void>): Promise<void> {
    held.delete(name);
    return work;
  }

  async function setFaults(request: JsonRequest): Promise<void> {
    const { deliveries, metadataDown, abortProbability, outside } = request.json(faultsSchema);
    if (deliveries !== undefined) {
      const { delayMs, repeat, loseAnswers } = deliveries;
      const isNone = delayMs === 0 && !repeat && !loseAnswers;
      const rates = { delayRate: always, delayMs, repeatRate: repeat ? always : 0, lostAnswerRate: loseAnswers ? always : 0, seed: 1 };
      const { deliveries: _, ...rest } = disturbance;
      disturbance = isNone ? rest : { ...rest, deliveries: rates };
    }
    if (metadataDown !== undefined) disturbance = { ...disturbance, metadataDown };
    disturb(disturbance);
    if (abortProbability !== undefined) await setAborts(abortProbability);
    if (outside !== undefined) await setOutside(outside);
  }

  async function liftAll(): Promise<void> {
    disturbance = {};
    disturb(disturbance);
    for (const name of held) signal(processes.pid(name), 'SIGCONT');
    held.clear();
    await setAborts(usualAbortProbability);
    for (const system of Object.keys(endpoints().outside)) await setOutside({ system, latencyMs: 0, errorRate: 0, declines: false });
  }

  /** Undefined where Spanner does not run, or stands still. */
  function askAborts(aborts: AbortMessage['aborts']): Promise<unknown> {
    const message: AbortMessage = { aborts };
    return Promise.race([processes.ask('spanner', message, isAbortAnswer), delay(answerLimitMs, undefined, { ref: false })]);
  }

  async function setAborts(probability: number): Promise<void> {
    const answer = await askAborts({ probability });
    if (answer === undefined) throw new HttpProblem(503, 'unavailable', 'The local Spanner does not run: start it first.');
  }

  async function setOutside({ system, latencyMs, errorRate, declines }: z.infer<typeof outsideSchema>): Promise<void> {
    const url = endpoints().outside[system];
    if (url === undefined) throw new HttpProblem(404, 'not_found', `The outside world has no "${system}".`);
    const body = JSON.stringify({ latency_ms: latencyMs, error_rate: errorRate, declines });
    let response: Response;
    try {
      response = await fetch(`${url}/control/faults`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    } catch {
      throw new HttpProblem(503, 'unavailable', `"${system}" does not answer: the local cloud is stopped, or is being started again.`);
    }
    if (!response.ok) throw new HttpProblem(400, 'refused', `"${system}" takes no faults: HTTP ${response.status}.`);
  }
}

/** A process that stands still answers nothing. */
const answerLimitMs = 1_000;

async function outsideFaults(system: string, url: string): Promise<FaultState['outside'][number]> {
  try {
    const response = await fetch(`${url}/control/faults`);
    const told = (await response.json()) as { latency_ms: number; error_rate: number; declines: boolean; can_decline: boolean };
    const { latency_ms: latencyMs, error_rate: errorRate, declines, can_decline: canDecline } = told;
    return { system, latencyMs, errorRate, declines, canDecline, isThere: response.ok };
  } catch {
    return { system, latencyMs: 0, errorRate: 0, declines: false, canDecline: false, isThere: false };
  }
}

function signal(pid: number | undefined, name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
  if (pid === undefined) return;
  try {
    globalThis.process.kill(pid, name);
  } catch (error) {
    // It has ended meanwhile: there is nothing to be done to it.
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

/** What goes wrong with the platform is what whoever pulls a lever asks for: they see its files anyway. */
async function toldWhy(work: () => Promise<unknown> | unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof HttpProblem) throw error;
    const message = errorText(error);
    throw new HttpProblem(error instanceof PreviewError ? 409 : 500, 'failed', message);
  }
}
