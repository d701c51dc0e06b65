import { type AccessName, services } from '../../services/platform/contracts/services.ts';

/** A read that takes no name. */
interface PlainRead {
  readonly service: string;
  /** Such as "/v1/deals". */
  readonly path: string;
  /** Such as "/kumiko.customer.v1.CustomerService/ListDeals". */
  readonly grpcPath: string;
}

/**
 * The first public method with "get" and a path without variables: by it a platform is seen to work, from the gateway to the database. Its service answers
 * reflection for all where that is open, for each knows the whole descriptor set.
 *
 * @throws {Error} where the product has none.
 */
export function openRead(): PlainRead {
  const read = plainRead('public');
  if (read === undefined) {
    throw new Error('the product has no public read: a method of ACCESS_PUBLIC with google.api.http "get" and a path without variables');
  }
  return read;
}

/** The first such read that asks for a token; undefined where the product has none. */
export function guardedRead(): PlainRead | undefined {
  return plainRead('customer') ?? plainRead('partner') ?? plainRead('operator');
}

function plainRead(wanted: AccessName): PlainRead | undefined {
  for (const { name, grpcServices } of services) {
    for (const { access, rest, path } of grpcServices.flatMap(({ methods }) => methods)) {
      if (access === wanted && rest?.verb === 'get' && !rest.path.includes('{')) return { service: name, path: rest.path, grpcPath: path };
    }
  }
  return undefined;
}
