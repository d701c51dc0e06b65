import { randomUUID } from 'node:crypto';
import { type Client, createClient } from '../../../services/platform/contracts/client.ts';
import { type Order, PartnerService } from '../../../services/platform/contracts/gen/types/kumiko/partner/v1/partner_pb.js';
import { devToken } from '../platform/dev-token.ts';
import type { Endpoints } from '../platform/endpoints.ts';

/** A partner's system: native gRPC through the edge gateway. */
export class PartnerSystem {
  readonly client: Client<typeof PartnerService>;
  /** The latest of each order that the stream has shown. */
  readonly seen = new Map<string, Order>();
  readonly #stream = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  private constructor(client: Client<typeof PartnerService>) {
    this.client = client;
  }

  /** Connects a partner. */
  static async connect(name: string, endpoints: Endpoints): Promise<PartnerSystem> {
    const token = await devToken(endpoints, 'partner', name);
    return new PartnerSystem(
      createClient(PartnerService, { url: endpoints.edge, headers: async () => ({ authorization: `Bearer ${token}` }) }),
    );
  }

  /** Makes a deal and puts it on sale. Returns its name. */
  async publishDeal(deal: {
    title: string;
    priceYen: number;
    groupSize: number;
    groupLifetimeSeconds: number;
    stock: number;
  }): Promise<string> {
    const { name } = await this.client.createDeal({
      deal: {
        title: deal.title,
        description: 'Told by the demo.',
        price: { currencyCode: 'JPY', units: BigInt(deal.priceYen) },
        groupSize: deal.groupSize,
        groupLifetime: { seconds: BigInt(deal.groupLifetimeSeconds) },
        stock: BigInt(deal.stock),
        sku: `DEMO-${randomUUID().slice(0, 8)}`,
      },
      requestId: randomUUID(),
    });
    await this.client.publishDeal({ name });
    return name;
  }

  /** Keeps the stream of orders open. */
  watch(): void {
    this.#watching = this.#watch();
  }

  /** Ends the stream and the connection. */
  async close(): Promise<void> {
    this.#stream.abort();
    await this.#watching;
    this.client.close();
  }

  async #watch(): Promise<void> {
    let resumeToken = '';
    while (!this.#stream.signal.aborted) {
      try {
        for await (const message of this.client.watchOrders({ resumeToken }, { signal: this.#stream.signal })) {
          resumeToken = message.resumeToken;
          if (message.order !== undefined) this.seen.set(message.order.name, message.order);
        }
      } catch {
        // The stream ends when a service restarts or its deadline passes: it resumes where it was.
      }
    }
  }
}
