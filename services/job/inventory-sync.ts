import { randomUUID } from 'node:crypto';
import type { Call } from '../chassis/call.ts';
import { unavailable } from '../chassis/rpc-error.ts';
import type { InventoryClient } from './inventory-client.ts';
import { callOwner, type Owners } from './owners.ts';
import type { JobStore } from './store.ts';

const pageSize = 1000;

/** Takes over stock levels from the external inventory system. */
export class InventorySync {
  readonly #inventory: InventoryClient;
  readonly #partner: Owners['partner'];
  readonly #store: JobStore;

  constructor(options: { inventory: InventoryClient; partner: Owners['partner']; store: JobStore }) {
    this.#inventory = options.inventory;
    this.#partner = options.partner;
    this.#store = options.store;
  }

  /** One run over the whole stock, page by page. A run that fails leaves what it has done, and says in its record how far it came. */
  async run(call: Call): Promise<{ jobRun: string; items: number; updatedDeals: number }> {
    const id = randomUUID();
    let progress = { items: 0, changed: 0 };
    await this.#store.start(id, 'sync-inventory');
    try {
      for await (const page of this.#inventory.pages(pageSize, call.signal)) {
        if (page.length === 0) continue;
        const levels = page.map(({ sku, stock }) => ({ sku, stock: BigInt(stock) }));
        const applied = await callOwner(call, () => this.#partner.applyStockLevels({ levels }));
        progress = { items: progress.items + page.length, changed: progress.changed + (applied?.updatedDeals ?? 0) };
        await this.#store.progress(id, progress);
      }
    } catch (cause) {
      await this.#store.end(id, progress, cause instanceof Error ? cause.message : String(cause));
      throw unavailable(`the inventory could not be read to its end: see jobRuns/${id}`, cause);
    }
    await this.#store.end(id, progress, undefined);
    return { jobRun: `jobRuns/${id}`, items: progress.items, updatedDeals: progress.changed };
  }
}
