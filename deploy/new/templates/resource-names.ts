import { camelOf, pascalOf, pluralOf, snakeOf } from '../names.ts';

/** What a service and its resource are called in each language. */
export interface ResourceNames {
  /** "kumiko". */
  readonly product: string;
  /** "wallets". */
  readonly service: string;
  /** "WalletsService", and "walletsService", which makes its handlers. */
  readonly serviceType: string;
  readonly factory: string;
  /** "gift-card". */
  readonly resource: string;
  /** "gift card". */
  readonly words: string;
  /** "GiftCard", and "giftCard". */
  readonly type: string;
  readonly variable: string;
  /** "GiftCards". */
  readonly types: string;
  /** "giftCards": the first segment of its names, and the name of its table in the store. */
  readonly collection: string;
  /** "gift_cards". */
  readonly table: string;
}

/** The names of a new service. */
export function resourceNames(product: string, service: string, resource: string): ResourceNames {
  return {
    ...{ product, service, resource },
    serviceType: `${pascalOf(service)}Service`,
    factory: `${service}Service`,
    words: resource.replaceAll('-', ' '),
    type: pascalOf(resource),
    variable: camelOf(resource),
    types: pascalOf(pluralOf(resource)),
    collection: camelOf(pluralOf(resource)),
    table: snakeOf(pluralOf(resource)),
  };
}
