import * as z from 'zod';
import type { Secret } from '../platform/chassis/process/secret.ts';
import { tracedFetch } from '../platform/chassis/telemetry/outgoing-http.ts';
import { jsonInteger, jsonText, parseJson } from '../platform/contracts/json-values.ts';
import { isStorable, storableRule } from '../platform/contracts/storable-text.ts';

const pageSchema = z.object({ items: z.array(z.unknown()), next_page_token: z.string().refine(isStorable, storableRule) });
const itemSchema = z.object({
  sku: jsonText.refine((sku) => sku.length > 0 && sku.length <= 64),
  stock: jsonInteger.refine((stock) => stock >= 0n),
});

/** What the inventory system says of one unit. */
interface StockItem {
  readonly sku: string;
  readonly stock: bigint;
}

/** A page of the stock. */
interface StockPage {
  readonly items: readonly StockItem[];
  /** Items that are none: without a SKU that can be stored, or with a stock that is no count. */
  readonly rejected: number;
  /** Where the next page begins; empty behind the last one. */
  readonly nextPageToken: string;
}

/** The inventory system no longer knows the position that reading was to go on from. */
export class StalePageToken extends Error {
  override readonly name = 'StalePageToken';
}

/** Reads the external inventory system page by page, so that its size does not matter. */
export class InventoryClient {
  readonly #url: string;
  readonly #key: Secret;

  constructor(options: { url: string; key: Secret }) {
    this.#url = options.url;
    this.#key = options.key;
  }

  /**
   * Every page of the stock from a position on; an empty one is the beginning.
   *
   * @throws {StalePageToken} where the system does not take the position.
   * @throws {Error} where the system fails or answers with something else.
   */
  async *pages(pageSize: number, from: string, signal: AbortSignal): AsyncGenerator<StockPage> {
    let pageToken = from;
    do {
      const query = new URLSearchParams({ page_size: String(pageSize), page_token: pageToken });
      const response = await tracedFetch(`${this.#url}/v1/stock?${query}`, '/v1/stock', {
        method: 'GET',
        headers: { authorization: `Bearer ${this.#key.reveal()}` },
        signal,
      });
      if (pageToken !== '' && (response.status === 400 || response.status === 410)) {
        throw new StalePageToken('the inventory system no longer knows the position that was reached');
      }
      if (!response.ok) throw new Error(`the inventory system answered HTTP ${response.status}`);
      const page = pageSchema.parse(parseJson(await response.text()));
      const items = page.items.flatMap((item) => itemSchema.safeParse(item).data ?? []);
      pageToken = page.next_page_token;
      yield { items, rejected: page.items.length - items.length, nextPageToken: pageToken };
    } while (pageToken !== '');
  }
}
