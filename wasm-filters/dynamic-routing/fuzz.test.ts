import { expect, test } from 'vitest';
import { seededRandom } from '../../services/platform/tools/seeded-random.ts';
import type { Property } from '../testing/host/properties.ts';
import { mutate, pick } from '../testing/mutate.ts';
import { byClaim, byHeader, RunningFilter } from './testing/running-filter.ts';

const runs = Number(process.env['FUZZ_RUNS'] ?? 20_000);
const seed = Number(process.env['FUZZ_SEED'] ?? 1);
const tag = '[a-z][a-z0-9-]{0,45}';
const target = new RegExp(`^(?:${tag}|-)$`);
const wholeChoice = new RegExp(`^(?:customer|partner|job)=${tag}(?:,(?:customer|partner|job)=${tag}){0,2}$`);
const pageBytes = 65_536;

function check(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) expect(value).toMatch(name === 'x-preview' ? wholeChoice : target);
}

/** A claim that is nearly one. */
function claim(random: () => number): Property {
  const text = mutate(Buffer.from('{"partner":"pr-123","job":"pr-7","customer":"pr-1"}'), random).toString('latin1');
  try {
    return JSON.parse(text) as Property;
  } catch {
    return { partner: text, job: pick(['pr-1', '', null, 7, false, { a: text }], random) };
  }
}

test(`mutated claims and carried choices never trap, and only tags go upstream (FUZZ_SEED=${seed})`, { timeout: 600_000 }, async () => {
  const random = seededRandom(seed);
  const edge = await RunningFilter.start(byClaim);
  const jobs = await RunningFilter.start(byHeader);
  for (let run = 0; run < runs; run += 2) {
    check(edge.route({ customer: { iss: 'i', kumiko_preview: claim(random) } }).headers);
    // HTTP parsers let no such bytes through.
    const carried = mutate(Buffer.from('partner=pr-123,job=pr-7,customer=pr-1'), random)
      .toString('latin1')
      .replace(/[\0\r\n]/g, '');
    check(jobs.route({ trigger: { iss: 'i' } }, [['x-preview', carried]]).headers);
  }
  for (const filter of [edge, jobs]) {
    expect(filter.host.trapped).toBe(false);
    expect(filter.metric('chosen')).toBeGreaterThan(0);
    expect(filter.metric('refused')).toBeGreaterThan(0);
    expect(filter.host.memoryBytes).toBe(pageBytes);
    filter.host.close();
  }
});

test(`mutated configurations are taken or refused, never a trap (FUZZ_SEED=${seed})`, async () => {
  const random = seededRandom(seed);
  const good = Buffer.from(JSON.stringify(byClaim));
  for (let run = 0; run < 500; run++) {
    const failure = await RunningFilter.start(mutate(good, random).toString('latin1')).then(
      (filter) => filter.host.close(),
      (error: Error) => error,
    );
    if (failure !== undefined)
      expect(failure.message).toContain('the filter refused its configuration: dynamic-routing: the plugin configuration is wrong: ');
  }
});
