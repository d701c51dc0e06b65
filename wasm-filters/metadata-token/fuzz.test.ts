import { expect, test, vi } from 'vitest';
import { seededRandom } from '../../services/platform/tools/seeded-random.ts';
import { mutate, pick } from '../testing/mutate.ts';
import { configuration, jwtOf, type Request, RunningFilter } from './testing/running-filter.ts';
import { useScriptedTime } from './testing/use-filter.ts';

const runs = Number(process.env['FUZZ_RUNS'] ?? 10_000);
const seed = Number(process.env['FUZZ_SEED'] ?? 1);
const goodHeader = { customer: /^Bearer [\w-]+\.[\w-]+\.[\w-]+$/, apis: /^Bearer [\w.~+/=-]+$/ };
const payload = { aud: 'https://customer.example', email: 'é', nested: { list: [1, true, null, 'x'] }, exp: 0 };

useScriptedTime();

/** A body that is nearly a token: broken on the outside, or an ID token that is well formed with a broken payload inside. */
function reply(path: string, random: () => number): Buffer {
  if (path.includes('/token?')) return mutate(Buffer.from('{"access_token":"ya29.c.x","expires_in":3599,"token_type":"Bearer"}'), random);
  const claims = JSON.stringify({ ...payload, exp: Math.floor(Date.now() / 1000) + 3600 });
  if (random() < 0.5) return mutate(Buffer.from(jwtOf(claims)), random);
  const part = mutate(Buffer.from(claims), random).toString('base64url');
  return Buffer.from(`eyJhbGciOiJSUzI1NiJ9.${part}.c2ln`);
}

test(`mutated metadata replies never trap, and only well-formed tokens go upstream (FUZZ_SEED=${seed})`, { timeout: 600_000 }, async () => {
  const random = seededRandom(seed);
  let filter = await RunningFilter.start();
  let answered = 0;
  let accepted = 0;
  while (answered < runs) {
    const cluster = pick(['customer', 'apis'] as const, random);
    const request: Request = filter.request(cluster);
    const call = filter.host.calls.pop();
    if (call !== undefined) {
      answered++;
      if (random() < 0.05) call.breakOff();
      else
        call.answer(
          pick(['200', '200', '200', '200', '200', '200', '404', '503', '', 'x'], random),
          reply(call.request.headers.get(':path')!, random),
        );
    }
    expect(filter.host.trapped).toBe(false);
    if (request.stream.state === 'sent') {
      expect(request.token()).toMatch(goodHeader[cluster]);
      accepted++;
      filter.host.close();
      filter = await RunningFilter.start();
    } else {
      expect(request.token()).toBeUndefined();
      if (random() < 0.5) request.stream.end();
      vi.advanceTimersByTime(Math.floor(random() * 8_000));
    }
  }
  expect(accepted).toBeGreaterThan(0);
  filter.host.close();
});

test(`mutated configurations are taken or refused, never a trap (FUZZ_SEED=${seed})`, async () => {
  const random = seededRandom(seed);
  const good = Buffer.from(JSON.stringify(configuration));
  for (let run = 0; run < 500; run++) {
    const failure = await RunningFilter.start(mutate(good, random).toString('latin1')).then(
      (filter) => filter.host.close(),
      (error: Error) => error,
    );
    if (failure !== undefined)
      expect(failure.message).toContain('the filter refused its configuration: metadata-token: the plugin configuration is wrong: ');
  }
});
