import * as z from 'zod';
import { seededRandom } from '../../../services/platform/tools/seeded-random.ts';
import { HttpProblem } from '../shared/http/http-problem.ts';
import type { JsonRoute } from '../shared/http/json-server.ts';
import type { Clock } from '../shared/local-server.ts';

const faultsSchema = z.strictObject({
  /** Waited before each answer. */
  latency_ms: z.int().min(0).max(60_000).default(0),
  /** Share of requests that end as 500. */
  error_rate: z.number().min(0).max(1).default(0),
  /** Refuses what it is asked where its business knows a no, such as a card that is declined. */
  declines: z.boolean().default(false),
  /** Same seed and same order of requests: same faults. */
  seed: z.int().min(0).default(1),
});

/** How an API of the outside world misbehaves, as `POST /control/faults` takes it. */
export type Faults = z.input<typeof faultsSchema>;

/**
 * Puts faults before `routes` and adds `POST /control/faults`, which replaces them all (`{}` ends them), and `GET`, which tells them. `onChange` hears
 * of them, where somebody sees to those that only the business knows. Of the requests that fail, half are
 * carried out first and lose only their answer, since that is what clients get wrong.
 */
export function withFaults(
  routes: readonly JsonRoute[],
  clock: Clock,
  initial: Faults = {},
  onChange?: (faults: z.output<typeof faultsSchema>) => void,
): JsonRoute[] {
  let faults = faultsSchema.parse(initial);
  let random = seededRandom(faults.seed);

  const control: JsonRoute = {
    method: 'POST',
    path: '/control/faults',
    handle: (request) => {
      faults = request.json(faultsSchema);
      random = seededRandom(faults.seed);
      onChange?.(faults);
      return { status: 200, body: faults };
    },
  };
  const faulty = routes.map(
    (route): JsonRoute => ({
      ...route,
      handle: async (request) => {
        const fails = faults.error_rate > 0 && random() < faults.error_rate;
        const carriedOut = !fails || random() < 0.5;
        if (faults.latency_ms > 0) await new Promise<void>((resolve) => void clock.schedule(faults.latency_ms, resolve));
        const response = carriedOut ? await route.handle(request) : undefined;
        if (fails || response === undefined) throw new HttpProblem(500, 'internal', 'internal error');
        return response;
      },
    }),
  );
  const tell: JsonRoute = {
    method: 'GET',
    path: '/control/faults',
    handle: () => ({ status: 200, body: { ...faults, can_decline: onChange !== undefined } }),
  };
  return [...faulty, control, tell];
}
