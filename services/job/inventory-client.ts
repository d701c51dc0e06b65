import { z } from 'zod';
import { tracedFetch } from '../chassis/outgoing-http.ts';
import type { Secret } from '../chassis/secret.ts';

const pageSchema = z.object({
  items: z.array(z.object({ sku: z.string().min(1).max(64), stock: z.number().int().min(0) })),
  next_page_token: z.string(),
});

/** What the inventory system says of one unit. */
export interface StockItem {
  readonly sku: string;
  readonly stock: number;
}

/** Reads the external inventory system page by page, so that its size does not matter. */
export class InventoryClient {
  readonly #url: string;
  readonly #key: Secret;

  constructor(options: { url: string; key: Secret }) {
    this.#url = options.url;
    this.#key = options.key;
  }

  /** Every page of the stock. @throws {Error} where the system fails or answers with something else. */
  async *pages(pageSize: number, signal: AbortSignal): AsyncGenerator<readonly StockItem[]> {
    let pageToken = '';
    do {
      const query = new URLSearchParams({ page_size: String(pageSize), page_token: pageToken });
      const response = await tracedFetch(`${this.#url}/v1/stock?${query}`, '/v1/stock', {
        method: 'GET',
        headers: { authorization: `Bearer ${this.#key.reveal()}` },
        signal,
      });
      if (!response.ok) throw new Error(`the inventory system answered HTTP ${response.status}`);
      const page = pageSchema.parse(await response.json());
      yield page.items;
      pageToken = page.next_page_token;
    } while (pageToken !== '');
  }
}
