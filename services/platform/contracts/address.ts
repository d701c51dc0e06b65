import type { PostalAddress } from './gen/types/google/type/postal_address_pb.js';

/**
 * google.type.PostalAddress as domains and stores keep it: every field that it has but for its revision, which is always 0.
 * A type and no interface, as JSON columns want it.
 */
export type Address = {
  readonly regionCode: string;
  readonly languageCode: string;
  readonly postalCode: string;
  readonly sortingCode: string;
  readonly administrativeArea: string;
  readonly locality: string;
  readonly sublocality: string;
  readonly addressLines: readonly string[];
  readonly recipients: readonly string[];
  readonly organization: string;
};

/** An address as the API takes it in. */
export function addressOf({ $typeName: _, $unknown: __, revision: ___, ...address }: PostalAddress): Address {
  return address;
}

/** An address as the API gives it out: what a google.type.PostalAddress is created from. */
export function addressMessage(address: Address) {
  return { ...address, addressLines: [...address.addressLines], recipients: [...address.recipients] };
}
