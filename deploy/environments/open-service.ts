import { services } from '../../services/platform/contracts/services.ts';

/** A read that anybody may do without knowing a name. */
interface OpenRead {
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
export function openRead(): OpenRead {
  for (const { name, grpcServices } of services) {
    for (const { open, rest, path } of grpcServices.flatMap(({ methods }) => methods)) {
      if (open && rest?.verb === 'get' && !rest.path.includes('{')) return { service: name, path: rest.path, grpcPath: path };
    }
  }
  throw new Error('the product has no public read: a method of ACCESS_PUBLIC with google.api.http "get" and a path without variables');
}
