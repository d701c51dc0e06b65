import { statements } from '../services/partner/store/tables.ts';
import { filterFields, parseFilter } from '../services/platform/chassis/api/filter.ts';
import type { ListQuery } from '../services/platform/chassis/api/list-page.ts';
import { defineStatements } from '../services/platform/cloud/spanner/database.ts';
import { DealSchema } from '../services/platform/contracts/gen/types/kumiko/partner/v1/partner_pb.js';
import { type ServiceDatabase, startServiceDatabase } from '../services/platform/testing/service-database.ts';
import { machine, median } from './load/compare.ts';

export const question =
  'How long does the first page of a filtered list of 100,000 deals take, as a ratio to that of the whole list (target: at most 2)?';

const deals = 100_000;
const atOneTime = 1_000;
const rounds = 100;
const partner = 'acme';

/** Of each thousand of one time: most are on sale, some are closed, few are drafts. */
const shares: readonly (readonly [state: string, count: number])[] = [
  ['PUBLISHED', 900],
  ['CLOSED', 90],
  ['DRAFT', 10],
];

const filters = [
  'state = STATE_PUBLISHED',
  'state = STATE_DRAFT',
  'state = STATE_DRAFT OR state = STATE_CLOSED',
  'state = STATE_CLOSED AND create_time < "2026-02-01T00:00:00Z"',
  'NOT state = STATE_PUBLISHED',
  'sku = "sku-7"',
  'sku = "none"',
  'state = STATE_DRAFT AND sku = "sku-7"',
];

const seed = defineStatements('bench', {
  deals: `INSERT INTO partner.deals
    (id, partner, title, description, price_micros, currency, group_size, group_lifetime_seconds, stock, sku, state, version, create_time, update_time)
    SELECT id, '${partner}', 'Lamp', 'A lamp', 1200000000, 'JPY', 2, 86400, 10, $2, $3, 1, $4, $4 FROM unnest($1::text[]) AS id`,
});

/** Reads the first page of the partner's deals from the local Spanner, with each filter in turn. */
export async function run(report: (line: string) => void): Promise<void> {
  const spanner = await startServiceDatabase();
  try {
    report(machine());
    await fill(spanner);
    const times = new Map(['', ...filters].map((filter) => [filter, [] as number[]]));
    const rows = new Map<string, number>();
    // In turn, so that the machine's moods hit all of them alike; the first round warms up.
    for (let round = 0; round <= rounds; round += 1) {
      for (const [filter, measured] of times) {
        const startedAt = performance.now();
        rows.set(filter, await readPage(spanner, filter));
        if (round > 0) measured.push(performance.now() - startedAt);
      }
    }
    const whole = median(times.get('') ?? []);
    for (const filter of filters) {
      report(`${filter}: ${(median(times.get(filter) ?? []) / whole).toFixed(2)} (${rows.get(filter)} rows; target at most 2)`);
    }
  } finally {
    await spanner.close();
  }
}

async function fill({ database }: ServiceDatabase): Promise<void> {
  for (let from = 0; from < deals; from += atOneTime) {
    const createTime = new Date(Date.UTC(2026, 0, 1) + from * 60_000);
    await database.transact(async (tx) => {
      let next = from;
      for (const [state, count] of shares) {
        const ids = Array.from({ length: count }, () => `deal-${next++}`);
        await tx.execute(seed.deals, [ids, `sku-${(from / atOneTime) % 10}`, state, createTime]);
      }
    });
  }
}

/** Reads a first page and tells how many rows it has. */
async function readPage({ database }: ServiceDatabase, text: string): Promise<number> {
  const query: ListQuery = {
    filter: parseFilter(text, filterFields(DealSchema, ['state', 'sku', 'create_time'])),
    order: { field: 'create_time', descending: true },
    after: { time: new Date('9999-12-31T00:00:00Z'), id: '' },
    limit: 51,
  };
  return (await statements.listDeals.all(database, { partner }, query)).length;
}
