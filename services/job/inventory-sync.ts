import { randomUUID } from 'node:crypto';
import { unavailable } from '../platform/chassis/errors/rpc-error.ts';
import type { Call } from '../platform/chassis/server/call.ts';
import { errorText } from '../platform/contracts/error-text.ts';
import { storableForm } from '../platform/contracts/storable-text.ts';
import { type InventoryClient, StalePageToken } from './inventory-client.ts';
import { callOwner, type Owners } from './owners.ts';
import type { JobStore, Progress } from './store/store.ts';

const job = 'sync-inventory';
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

  /**
   * Runs over the whole stock, page by page. A run that does not come to its end, because it failed, ran out of time or was killed, leaves what it has done;
   * the next one goes on from there. An item that cannot be used is counted and passed over.
   */
  async run(call: Call): Promise<{ jobRun: string; items: number; updatedDeals: number }> {
    const id = randomUUID();
    let progress: Progress = { items: 0, changed: 0, rejected: 0, nextPageToken: await this.#store.resumeFrom(job) };
    await this.#store.start(id, job, progress.nextPageToken);
    try {
      for await (const page of this.#inventory.pages(pageSize, progress.nextPageToken, call.signal)) {
        const levels = page.items.map(({ sku, stock }) => ({ sku, stock }));
        const applied = levels.length === 0 ? undefined : await callOwner(call, () => this.#partner.applyStockLevels({ levels }));
        progress = {
          items: progress.items + levels.length,
          changed: progress.changed + (applied?.updatedDeals ?? 0),
          rejected: progress.rejected + page.rejected,
          nextPageToken: page.nextPageToken,
        };
        if (page.rejected > 0) call.logger.warn({ jobRun: id, rejected: page.rejected }, 'items of the inventory that cannot be used');
        await this.#store.progress(id, progress);
      }
    } catch (cause) {
      const end = cause instanceof StalePageToken ? { ...progress, nextPageToken: '' } : progress;
      await this.#store.end(id, end, storableForm(errorText(cause)));
      throw unavailable(`the inventory could not be read to its end: see jobRuns/${id}`, cause);
    }
    await this.#store.end(id, progress, undefined);
    return { jobRun: `jobRuns/${id}`, items: progress.items, updatedDeals: progress.changed };
  }
}
