import * as z from 'zod';
import { HttpProblem } from '../../shared/http/http-problem.ts';
import { type JsonRequest, route, startJsonServer } from '../../shared/http/json-server.ts';
import type { Clock, LocalServer } from '../../shared/local-server.ts';
import { openStore } from '../../shared/store/open-store.ts';
import { createKeyCheck } from '../bearer-key.ts';
import { type Faults, withFaults } from '../faults.ts';

const defaultPageSize = 100;
const maxPageSize = 1000;
const putSchema = z.strictObject({ stock: z.int().min(0) });

const schema = 'CREATE TABLE IF NOT EXISTS stock (sku TEXT PRIMARY KEY, stock INTEGER NOT NULL) STRICT, WITHOUT ROWID;';

/**
 * Starts the merchants' inventory system of the outside world: stock by SKU in pages, and `POST /control/faults` for drills.
 * Its state is `<stateDir>/inventory.sqlite`.
 */
export async function startInventory(options: {
  readonly port: number;
  readonly stateDir: string;
  readonly clock: Clock;
  readonly key: string;
  readonly faults?: Faults;
}): Promise<LocalServer> {
  const store = openStore(options.stateDir, 'inventory', schema);
  const checkKey = createKeyCheck(options.key);
  const page = store.database.prepare('SELECT sku, stock FROM stock WHERE sku > ? ORDER BY sku LIMIT ?');
  const put = store.database.prepare('INSERT INTO stock (sku, stock) VALUES (?, ?) ON CONFLICT (sku) DO UPDATE SET stock = excluded.stock');

  const server = await startJsonServer({
    port: options.port,
    routes: withFaults(
      [
        {
          method: 'GET',
          path: '/v1/stock',
          handle: (request) => {
            checkKey(request);
            const size = pageSize(request);
            const rows = page.all(decodePageToken(request.query.get('page_token') ?? ''), size + 1);
            const items = rows.slice(0, size);
            const last = items.at(-1)?.['sku'];
            const nextPageToken = rows.length > size ? Buffer.from(String(last)).toString('base64url') : '';
            return { status: 200, body: { items, next_page_token: nextPageToken } };
          },
        },
        route({
          method: 'PUT',
          path: '/v1/stock/{sku}',
          handle: (request) => {
            checkKey(request);
            const { stock } = request.json(putSchema);
            const { sku } = request.params;
            put.run(sku, stock);
            return { status: 200, body: { sku, stock } };
          },
        }),
      ],
      options.clock,
      options.faults,
    ),
  });
  return {
    port: server.port,
    close: async () => {
      await server.close();
      store.close();
    },
  };
}

/** Larger pages than possible are cut, as AIP-158 has it. */
function pageSize({ query }: JsonRequest): number {
  const text = query.get('page_size') ?? '0';
  if (!/^\d{1,9}$/.test(text)) throw new HttpProblem(400, 'invalid_request', 'page_size must be a number that is not negative.');
  return Math.min(Number(text) || defaultPageSize, maxPageSize);
}

/** The last SKU of the page before. */
function decodePageToken(token: string): string {
  if (!/^[\w-]*$/.test(token)) throw new HttpProblem(400, 'invalid_request', 'This page_token was not made by this API.');
  return Buffer.from(token, 'base64url').toString();
}
