import { randomUUID } from 'node:crypto';
import { devToken } from '../platform/dev-token.ts';
import type { Endpoints } from '../platform/endpoints.ts';
import { outsideUrl } from '../platform/endpoints.ts';
import { callJson } from './http-json.ts';

/** An order in the REST API's JSON, as far as the story looks at it. */
interface OrderJson {
  readonly name: string;
  readonly group: string;
  readonly state: string;
  readonly paymentState: string;
  readonly cancelReason?: string;
  readonly carrier?: string;
  readonly trackingNumber?: string;
}

/** A deal in the REST API's JSON. */
interface DealJson {
  readonly name: string;
  readonly title: string;
  readonly groupSize: number;
}

/** A group in the REST API's JSON. */
interface GroupJson {
  readonly name: string;
  readonly state: string;
  readonly size: number;
  readonly taken: number;
  readonly authorized: number;
  readonly expireTime: string;
  readonly ownOrder: string;
}

/** The answer to opening or joining a group. */
export interface PlacementJson {
  readonly group: GroupJson;
  readonly order: OrderJson;
  readonly payment: { readonly provider: string; readonly id: string; readonly clientToken: string };
}

/** A customer's app: REST through the edge gateway, and the payment provider's own API for the payment. */
export class CustomerApp {
  readonly name: string;
  readonly #endpoints: Endpoints;
  readonly #token: string;

  private constructor(name: string, endpoints: Endpoints, token: string) {
    this.name = name;
    this.#endpoints = endpoints;
    this.#token = token;
  }

  /** Signs a customer in. */
  static async signIn(name: string, endpoints: Endpoints): Promise<CustomerApp> {
    return new CustomerApp(name, endpoints, await devToken(endpoints, 'customer', name));
  }

  /** Says where orders are shipped to. */
  setAddress(line: string): Promise<object> {
    const shippingAddress = { regionCode: 'JP', postalCode: '600-8216', locality: 'Kyoto', addressLines: [line], recipients: [this.name] };
    return this.#call('PATCH', '/v1/profile', { displayName: this.name, shippingAddress });
  }

  /** What is on sale, the newest first. */
  async deals(): Promise<readonly DealJson[]> {
    return (await this.#call<{ deals?: DealJson[] }>('GET', '/v1/deals?page_size=100')).deals ?? [];
  }

  openGroup(deal: string): Promise<PlacementJson> {
    return this.#call('POST', '/v1/groups', { deal, requestId: randomUUID() });
  }

  joinGroup(group: string): Promise<PlacementJson> {
    return this.#call('POST', `/v1/${group}:join`, { requestId: randomUUID() });
  }

  group(name: string): Promise<GroupJson> {
    return this.#call('GET', `/v1/${name}`);
  }

  order(name: string): Promise<OrderJson> {
    return this.#call('GET', `/v1/${name}`);
  }

  /** Confirms a payment with the provider, as the app's payment sheet does. */
  pay(payment: PlacementJson['payment'], card: 'ok' | 'declined' | 'declined-at-capture' = 'ok'): Promise<object> {
    const url = `${outsideUrl(this.#endpoints, 'payment_provider')}/v1/payment_intents/${payment.id}/confirm`;
    return callJson('POST', url, { body: { client_token: payment.clientToken, card } });
  }

  #call<T>(method: string, path: string, body?: object): Promise<T> {
    return callJson(method, `${this.#endpoints.edge}${path}`, { bearer: this.#token, ...(body === undefined ? {} : { body }) });
  }
}
